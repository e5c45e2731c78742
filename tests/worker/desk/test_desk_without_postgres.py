"""PostgreSQL is gone, or hangs, while somebody writes: the page says so at once, and what was typed arrives later."""

import time
from collections.abc import Callable, Iterator

import psutil
import pytest
from sqlalchemy import create_engine

from config.settings import get_settings
from models.migrations import upgrade
from services.database.engine import driver_url
from services.installation import Installation, get_installation
from tests.chromium import chromium
from tests.processes import wait_for
from tests.worker.desk.legible import DESKTOP, PHONE, check
from worker.desk.answers import AWAY
from worker.desk.words import words_in
from worker.embedded import EmbeddedPostgres
from worker.embedded.paths import temporary_folder

pytestmark = pytest.mark.debian("chromium")

WORDS = "Called the farm, <b>nobody</b> answered."
# The page waits 1.7 s for the database; the rest is the machine's.
LONGEST_SECONDS = 2 + 3


@pytest.fixture
def postgres_alone() -> Iterator[EmbeddedPostgres]:
    with temporary_folder() as folder, EmbeddedPostgres(folder / "postgres") as server:
        engine = create_engine(driver_url(server.url))
        upgrade(engine)
        engine.dispose()
        yield server


@pytest.fixture
def database_url(postgres_alone: EmbeddedPostgres) -> str:
    return postgres_alone.url


@pytest.fixture(params=["en", "ar"])
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def public(public: Installation, language: str, monkeypatch: pytest.MonkeyPatch) -> Installation:
    """With the time that readers wait as it ships."""
    monkeypatch.delenv("DESK_ANSWER_SECONDS")
    monkeypatch.setenv("SUPPORT_LANGUAGE", language)
    get_settings.cache_clear()
    get_installation.cache_clear()
    return get_installation()


def gone(server: EmbeddedPostgres) -> Callable[[], object]:
    server.stop_immediately()
    return server.start


def hanging(server: EmbeddedPostgres) -> Callable[[], object]:
    """As on a machine whose disk does not answer."""
    postmaster = psutil.Process(server.pid)
    stopped = [postmaster, *postmaster.children(recursive=True)]
    for process in stopped:
        process.suspend()

    def go_on() -> None:
        for process in stopped:
            process.resume()

    return go_on


@pytest.mark.parametrize("away", [gone, hanging])
def test_it_is_said_in_two_seconds_and_what_was_typed_arrives_when_the_server_is_back(
    desk: str,
    ticket: dict[str, str],
    postgres_alone: EmbeddedPostgres,
    language: str,
    away: Callable[[EmbeddedPostgres], Callable[[], object]],
) -> None:
    say = words_in(language).gettext
    phone = language == "en"
    with chromium(PHONE if phone else DESKTOP, dark=not phone, phone=phone) as browser:
        page = browser.page
        # A busy machine may need more than the page's patience for the first time.
        wait_for(lambda: page.goto(desk + ticket["path"]) and page.locator("#do-note").count(), "the page")
        browser.click("#do-note summary")
        browser.type("#note-note", WORDS)
        browser.type("#note-name", "Maria")

        bring_back = away(postgres_alone)
        try:
            began = time.monotonic()
            browser.click("#do-note button")
            page.get_by_text(say(AWAY)).wait_for()
            assert time.monotonic() - began < LONGEST_SECONDS
            assert page.input_value("#note") == WORDS
            check(browser)
            browser.click("button")
            page.get_by_text(say("What you typed is kept here. Send it again in a moment.")).wait_for()
            assert page.input_value("#note") == WORDS
        finally:
            bring_back()

        def kept() -> bool:
            if page.locator("#note").count():
                browser.click("button")
                page.wait_for_load_state()
            return bool(page.locator(".done").count())

        wait_for(kept, "the answer that the note is kept")
        assert page.inner_text("#timeline").count(WORDS) == 1
