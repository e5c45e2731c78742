"""A real Chromium for all tests of this folder."""

from collections.abc import Iterator

import pytest

from worker.preview.browser import Browser, browser


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with browser() as opened:
        yield opened
