"""PostgreSQL does not answer: the page says so within two seconds, and keeps what was typed."""

import time
from collections.abc import Iterator
from html import unescape
from re import search

import httpx
import pytest
from sqlalchemy import text

from config.settings import get_settings
from services.database import engine as database
from services.installation import Installation, get_installation
from tests.worker.desk.test_desk_digest import path

__all__ = ["path"]

pytestmark = pytest.mark.parametrize("installation", ["60"], indirect=True)


@pytest.fixture
def public(public: Installation, monkeypatch: pytest.MonkeyPatch) -> Installation:
    """With the time that readers wait as it ships."""
    monkeypatch.setenv("DESK_ANSWER_SECONDS", "2")
    get_settings.cache_clear()
    get_installation.cache_clear()
    return get_installation()


@pytest.fixture
def silent(browser: httpx.Client, ticket: dict[str, str]) -> Iterator[str]:
    """A form of the page, and a database that no longer answers what is asked about tickets."""
    form = search(r'name="form" value="([^"]+)"', browser.get(ticket["path"]).text)
    assert form
    with database.make_engine(get_settings()).connect() as other, other.begin():
        other.execute(text("LOCK TABLE public.support_tickets IN ACCESS EXCLUSIVE MODE"))
        yield unescape(form[1])
    other.engine.dispose()


def test_the_page_answers_within_two_seconds_and_says_so(
    browser: httpx.Client, ticket: dict[str, str], silent: str
) -> None:
    began = time.monotonic()
    page = browser.get(ticket["path"], timeout=30)
    assert page.status_code == 503
    assert "The database does not answer." in unescape(page.text)
    # The rest is the machine's.
    assert time.monotonic() - began < 2 + 3


def test_what_was_typed_is_kept_and_can_be_sent_again(
    browser: httpx.Client, ticket: dict[str, str], silent: str
) -> None:
    words = "Called the farm, <b>nobody</b> answered."
    fields = {"form": silent, "action": "note", "name": "Maria", "note": words}
    page = browser.post(ticket["path"], data=fields, timeout=30)
    assert page.status_code == 503
    assert page.headers["retry-after"]
    kept = unescape(page.text)
    assert "What you typed is kept here." in kept
    assert all(value in kept for value in fields.values())


def test_what_was_ticked_in_a_digest_is_kept(browser: httpx.Client, path: str) -> None:
    shown = browser.get(path).text
    form, box = search(r'name="form" value="([^"]+)"', shown), search(r'name="(ticket-[^"]+)"', shown)
    assert form
    assert box
    fields = {"form": unescape(form[1]), "action": "acknowledge", "name": "Maria", box[1]: "on"}
    with database.make_engine(get_settings()).connect() as other, other.begin():
        other.execute(text("LOCK TABLE public.support_tickets IN ACCESS EXCLUSIVE MODE"))
        page = browser.post(path, data=fields, timeout=30)
    other.engine.dispose()
    assert page.status_code == 503
    assert "What you typed is kept here." in unescape(page.text)
    assert all(f'name="{name}" value="{value}"' in page.text for name, value in fields.items())
