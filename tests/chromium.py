"""A page in Debian's headless Chromium, driven by Playwright, and what axe-core finds wrong with it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from worker.preview.browser import find_browser

if TYPE_CHECKING:
    from playwright.sync_api import Page

_HEIGHT = 740
_GRAVE = {"serious", "critical"}


class Browser:
    """One window."""

    def __init__(self, page: "Page") -> None:
        self.page = page

    def open(self, url: str) -> None:
        self.page.goto(url)

    def click(self, selector: str) -> None:
        self.page.locator(selector).first.click()

    def type(self, selector: str, words: str) -> None:
        self.page.locator(selector).first.fill(words)

    def run(self, script: str) -> Any:
        """What the body of a JavaScript function returns."""
        return self.page.evaluate(f"() => {{ {script} }}")

    def picture(self, path: Path, *, whole: bool = False) -> None:
        self.page.screenshot(path=path, full_page=whole)

    def barriers(self) -> list[str]:
        """What axe-core calls serious or critical: the rule and the place."""
        from axe_playwright_python.sync_playwright import Axe

        found = Axe().run(self.page).response["violations"]
        return [
            f"{rule['id']}: {node['html'][:120]}"
            for rule in found
            if rule["impact"] in _GRAVE
            for node in rule["nodes"]
        ]


@contextmanager
def chromium(width: int, dark: bool = False, *, phone: bool = True) -> Iterator[Browser]:
    """A headless Chromium whose page is so many CSS pixels wide."""
    program = find_browser()
    assert program, "python -m tests.debian installs Chromium"
    # Here, since `make test` collects these tests as well, and does without them.
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--disable-background-networking"])
        context = browser.new_context(
            viewport={"width": width, "height": _HEIGHT},
            device_scale_factor=2 if phone else 1,
            is_mobile=phone,
            has_touch=phone,
            color_scheme="dark" if dark else "light",
        )
        context.set_default_timeout(30_000)
        try:
            yield Browser(context.new_page())
        finally:
            context.close()
            browser.close()


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Where pictures go: `ESCALATION_PICTURES=docs/pictures` keeps them."""
    return Path(os.environ.get("ESCALATION_PICTURES", tmp_path))
