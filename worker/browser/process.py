"""Starting and ending a headless Chromium."""

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import BinaryIO, Final

from worker.browser.page import Browser, BrowserError

_NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
INSTALL: Final = "apt-get install chromium fonts-noto-core"
# It talks to nobody but us, and keeps nothing.
_OPTIONS: Final = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
    "--remote-debugging-pipe",
)  # fmt: skip


def find_browser() -> str | None:
    """The path of an installed browser."""
    return next((path for path in map(shutil.which, _NAMES) if path), None)


@contextmanager
def browser() -> Iterator[Browser]:
    """A browser of our own with one page; it is gone at the end.

    :raises BrowserError: none is installed
    """
    program = find_browser()
    if program is None:
        raise BrowserError(f"no Chromium is installed: {INSTALL}")
    with TemporaryDirectory(ignore_cleanup_errors=True) as profile, _started(program, profile) as pipes:
        opened = Browser(*pipes)
        opened.open_page()
        yield opened


@contextmanager
def _started(program: str, profile: str) -> Iterator[tuple[BinaryIO, BinaryIO]]:
    """The browser's process; gives the ends of its pipes, to write to and to read from."""
    (commands_out, commands_in), (answers_out, answers_in) = os.pipe(), os.pipe()
    with open(commands_in, "wb") as commands, open(answers_out, "rb", buffering=0) as answers:
        pid = _spawn([program, *_OPTIONS, f"--user-data-dir={profile}"], commands_out, answers_in)
        os.close(commands_out)
        os.close(answers_in)
        try:
            yield commands, answers
        finally:
            os.killpg(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def _spawn(arguments: list[str], commands: int, answers: int) -> int:
    """Start the program with the pipes as 3 and 4, as the protocol wants them; silent, in a group of its own."""
    silent = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in range(3)]
    pipes = [(os.POSIX_SPAWN_DUP2, commands, 3), (os.POSIX_SPAWN_DUP2, answers, 4)]
    return os.posix_spawn(arguments[0], arguments, os.environ, file_actions=[*silent, *pipes], setsid=True)
