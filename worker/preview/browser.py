"""A headless Chromium to look at mails and pages with, driven by Playwright (of the extra `long`)."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from playwright.sync_api import Page

_NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
INSTALL: Final = "apt-get install chromium fonts-noto-core; pip install playwright"


class Browser:
    """One page of a browser."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def show(self, file: Path, *, width: int, height: int = 640, dark: bool = False) -> None:
        """Load a file as a screen of this size, in CSS pixels, shows it."""
        self.page.set_viewport_size({"width": width, "height": height})
        self.page.emulate_media(color_scheme="dark" if dark else "light")
        self.page.goto(file.resolve().as_uri())

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression on the page."""
        return self.page.evaluate(expression)

    def picture(self, *, whole: bool = True) -> bytes:
        """The page as PNG: all of it, or what the screen shows of it."""
        png: bytes = self.page.screenshot(full_page=whole)
        return png


def find_browser() -> str | None:
    """The path of an installed browser; None also where Playwright, which drives it, is not installed."""
    return next((path for path in map(shutil.which, _NAMES) if path), None) if find_spec("playwright") else None


@contextmanager
def browser() -> Iterator[Browser]:
    """A browser of our own with one page; it is gone at the end.

    :raises FileNotFoundError: none is installed
    """
    program = find_browser()
    if program is None:
        raise FileNotFoundError(f"no Chromium, or no Playwright, is installed: {INSTALL}")
    # Here, since nothing else of the program needs it.
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=program, args=["--disable-background-networking"])
        yield Browser(opened.new_page())
        opened.close()
