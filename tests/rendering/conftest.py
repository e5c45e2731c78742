"""A real Chromium for all tests of this folder."""

from collections.abc import Iterator

import pytest

from worker.preview.browser import Browser, browser


# Not for the session: other folders have browsers of their own, and Playwright runs once at a time.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as opened:
        yield opened
