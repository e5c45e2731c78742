"""Starting and ending a headless Chromium."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import BinaryIO, Final

from worker.browser.page import Browser, BrowserError

NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
INSTALL: Final = "apt-get install chromium fonts-noto-core"
# It talks to nobody but us, and keeps nothing.
OPTIONS: Final = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
    "--remote-debugging-pipe",
)  # fmt: skip


def find_browser() -> str | None:
    """The path of an installed browser."""
    return next((path for path in map(shutil.which, NAMES) if path), None)


@contextmanager
def browser() -> Iterator[Browser]:
    """A browser of our own with one page; it is gone at the end.

    :raises BrowserError: none is installed
    """
    program = find_browser()
    if program is None:
        raise BrowserError(f"no Chromium is installed: {INSTALL}")
    with TemporaryDirectory(ignore_cleanup_errors=True) as profile, started(program, profile) as pipes:
        opened = Browser(*pipes)
        opened.open_page()
        yield opened


@contextmanager
def started(program: str, profile: str) -> Iterator[tuple[BinaryIO, BinaryIO]]:
    """The browser's process; gives the ends of its pipes, to write to and to read from."""
    (commands_out, commands_in), (answers_out, answers_in) = os.pipe(), os.pipe()
    with open(commands_in, "wb") as commands, open(answers_out, "rb", buffering=0) as answers:
        # The protocol wants the pipes as 3 and 4; subprocess can only keep the numbers that they have.
        process = subprocess.Popen(
            ["/bin/sh", "-c", f'exec "$0" "$@" 3<&{commands_out} 4>&{answers_in}', program, *OPTIONS,
             f"--user-data-dir={profile}"],
            pass_fds=(commands_out, answers_in), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        os.close(commands_out)
        os.close(answers_in)
        try:
            yield commands, answers
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
