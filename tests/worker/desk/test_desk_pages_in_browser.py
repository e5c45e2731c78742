"""The list of tickets, a digest and a link that has expired, in a real browser."""

from pathlib import Path

import pytest
from sqlalchemy import Connection

from services.installation import Installation
from tests.chromium import chromium, pictures
from tests.tasks.conftest import rows
from tests.worker.desk.legible import LOOKS, PHONE, check, language
from tests.worker.desk.test_desk_digest import path
from tests.worker.desk.test_desk_links import aged
from worker.desk.access import TEAM_COOKIE, add_team_link
from worker.desk.app import EXPIRED
from worker.desk.list_page import FOR_TEAM
from worker.desk.words import words_in

__all__ = ["language", "path", "pictures"]

pytestmark = pytest.mark.debian


@pytest.mark.parametrize(("language", "width", "dark"), LOOKS, indirect=["language"])
def test_the_list_is_filtered_and_leads_to_the_ticket(
    language: str,
    width: int,
    dark: bool,
    desk: str,
    ticket: dict[str, str],
    connection: Connection,
    public: Installation,
    pictures: Path,
) -> None:
    link = add_team_link(connection, "North", public.settings).removeprefix(str(public.settings.public_url))
    with chromium(width, dark, phone=width == PHONE) as browser:
        value = link.removeprefix("/team/")
        browser.page.context.add_cookies([{"name": TEAM_COOKIE, "value": value, "url": desk}])
        browser.open(f"{desk}/")
        check(browser)
        browser.picture(pictures / f"list-{width}-{language}.png")
        if width == PHONE:
            assert browser.run("return document.querySelector('.choose').offsetHeight") <= 50
            browser.click("summary")
        browser.page.select_option("#state", "finished")
        browser.click("form button")
        browser.page.wait_for_url("**state=finished**")
        assert browser.page.locator("#tickets a").count() == 0
        browser.page.select_option("#state", "open")
        browser.click("form button")
        browser.page.wait_for_url("**state=open**")
        check(browser)
        browser.click("#tickets a")
        assert ticket["number"] in browser.page.inner_text("body")


@pytest.mark.parametrize(("language", "width", "dark"), LOOKS, indirect=["language"])
def test_a_digest_is_taken_with_one_press(
    language: str, width: int, dark: bool, desk: str, path: str, connection: Connection
) -> None:
    with chromium(width, dark, phone=width == PHONE) as browser:
        browser.open(desk + path)
        check(browser)
        browser.click(".tick input >> nth=1")
        browser.type("#acknowledge-name", "Maria")
        browser.click("main form button")
        browser.page.locator(".done").wait_for()
        check(browser)
    taken = "SELECT acknowledged_by FROM escalation.tickets ORDER BY ticket_number"
    assert [row["acknowledged_by"] for row in rows(connection, taken)] == ["Maria", None, "Maria"]


@pytest.mark.parametrize(("language", "width", "dark"), LOOKS, indirect=["language"])
def test_an_expired_link_and_a_stranger_are_told_what_to_do(
    language: str, width: int, dark: bool, desk: str, ticket: dict[str, str], public: Installation
) -> None:
    say = words_in(language).gettext
    old = aged(ticket["id"], 400 * 86_400, public)
    with chromium(width, dark, phone=width == PHONE) as browser:
        browser.open(f"{desk}/t/{old}")
        assert say(EXPIRED) in browser.page.inner_text("main")
        check(browser)
        browser.open(f"{desk}/")
        assert say(FOR_TEAM) in browser.page.inner_text("main")
        check(browser)
