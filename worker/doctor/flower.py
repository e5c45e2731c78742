"""Flower's login, where it is known: with a weak one Flower's pages are open."""

from base64 import b64encode
from collections.abc import Iterator
from http import HTTPStatus
from urllib.error import HTTPError
from urllib.request import Request

from config.settings import Settings
from worker.doctor.finding import CheckedPart, CheckResult
from worker.local_http import directly, reached_at

PART = CheckedPart("flower")
SHORTEST, SECONDS = 12, 5
_WHERE_IT_RUNS = "ask where it runs: docker compose exec flower python -m worker doctor"


def check(settings: Settings) -> Iterator[CheckResult]:
    tried = "look at Flower's login"
    if not settings.flower_user or not settings.flower_password:
        # Of the containers only Flower's own is told the password.
        remedy = f"To start Flower here, set FLOWER_USER and FLOWER_PASSWORD; else {_WHERE_IT_RUNS}"
        yield PART.note(tried, "it is not set here, so Flower cannot be tried from here", remedy)
        return
    password = settings.flower_password.get_secret_value()
    if len(password) < SHORTEST or settings.flower_user in password:
        yield PART.warning(tried, "the password is weak", f"Take {SHORTEST} random characters or more.")
    else:
        yield PART.ok(tried, "it has one")
    if not settings.flower_read_only:
        yield PART.warning(tried, "whoever logs in may stop workers", "Set FLOWER_READ_ONLY=true.")
    yield _page(reached_at(settings.flower_address, settings.flower_port), settings.flower_user, password)


def _page(address: str, user: str, password: str) -> CheckResult:
    """Flower as a browser on this machine sees it."""
    place = f"{address}/workers"
    tried = f"open {place} without and with the login"
    try:
        without, within = _status(place), _status(place, f"{user}:{password}")
    except OSError:
        return PART.note(tried, "nothing answers on this machine", f"Start Flower, or {_WHERE_IT_RUNS}")
    if without != HTTPStatus.UNAUTHORIZED:
        return PART.broken(tried, f"without the login it answers {without}", "Restart Flower with FLOWER_USER set.")
    if within != HTTPStatus.OK:
        return PART.broken(tried, f"with the login it answers {within}", "Restart Flower: it has another login.")
    return PART.ok(tried, "it lets in whoever has the login")


def _status(place: str, login: str | None = None) -> int:
    """:raises OSError: nothing answers"""
    request = Request(place)
    if login:
        request.add_header("Authorization", f"Basic {b64encode(login.encode()).decode()}")
    try:
        with directly.open(request, timeout=SECONDS) as answer:
            return int(answer.status)
    except HTTPError as error:
        with error:
            return error.code
