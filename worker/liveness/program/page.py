"""The sign of life of a program that serves a page: it answers itself, whatever it answers."""

from urllib.error import HTTPError, URLError

from config.settings import get_settings
from worker.liveness.program.report import WELL
from worker.liveness.program.signs import SIGNS
from worker.liveness.program.watch import start_watch
from worker.local_http import directly, reached_at

_PAGE = "page"
_ANSWER_SECONDS = 5.0


def watch_page(address: str, port: int, path: str) -> None:
    """Ask for the program's own page from now on; one that never answers any more ends the program."""
    SIGNS.expect(_PAGE, get_settings().liveness_seconds)
    url = f"{reached_at(address, port)}{path}"

    def look() -> str:
        try:
            with directly.open(url, timeout=_ANSWER_SECONDS):
                SIGNS.seen(_PAGE)
            return WELL
        except HTTPError as error:
            # It answers, and knows what it lacks.
            SIGNS.seen(_PAGE)
            return f"{path} answers {error.code}"
        except (URLError, OSError) as error:
            return f"{path} does not answer: {error}"

    start_watch(look)
