"""From the event to the person, all processes real: the mail is opened and taken, or the next one is woken."""

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from escalation_client import MessageAdded, Publisher
from tests.chromium import Browser, chromium
from tests.config.changed_contacts import Changed
from tests.processes import wait_for
from tests.push_service import Pushed, PushService, push_service
from tests.stack import RunningStack, started
from worker.desk.actions import ANSWERS

pytestmark = [pytest.mark.long, pytest.mark.debian("chromium")]

PHONE = 360
# As short as the contacts file allows: the ladder of urgent tickets is asked for its next level every minute.
LADDER_SECONDS, SWEEP_SECONDS = 60, 60


@pytest.fixture(scope="module")
def service() -> Iterator[PushService]:
    with push_service() as running:
        yield running


@pytest.fixture(scope="module")
def stack(service: PushService, server_folder: Path) -> Iterator[RunningStack]:
    """The whole stack; the emergency line and the electrical specialist can be woken, and nobody has ten minutes."""
    folder = server_folder / "people"
    folder.mkdir()
    contacts = Changed(folder / "contacts.toml")
    contacts.with_text("emergency = true", f'emergency = true\nnotify = ["{service.ntfy}"]')
    contacts.with_text('key = "electrical"', f'key = "electrical"\nnotify = ["{service.json}"]')
    contacts.with_text("minutes = 10", "minutes = 1")
    with started(folder / "up", environment={"CONTACTS_FILE": str(contacts.path)}) as stack:
        yield stack.ready()


def report(place: dict[str, Any], session: str, words: str) -> None:
    with Publisher(place["redis_url"]) as publisher:
        publisher.publish(MessageAdded(session_id=session, message_id=session, sender="user", content=words))


def number_of(pushed: str) -> str:
    (number,) = set(re.findall(r"AB-\d+-\d+", pushed))
    return str(number)


def open_mail(browser: Browser, inbox: str, words: str) -> None:
    """Until the local inbox shows a mail with these words in its subject; it is opened as a phone shows it."""

    def is_there() -> bool:
        browser.open(inbox)
        return bool(browser.page.get_by_role("link", name=words).count())

    wait_for(is_there, f"the mail about {words!r}")
    browser.page.get_by_role("link", name=words).first.click()


def test_the_mail_s_button_leads_to_the_page_where_the_ticket_is_taken_noted_and_solved(stack: RunningStack) -> None:
    place = stack.description()
    report(place, "taken", "the hydraulic hose burst and oil sprays everywhere")
    with chromium(PHONE) as browser:
        open_mail(browser, place["inbox_url"], "URGENT SAFETY")
        mail = browser.page.frame_locator("iframe").get_by_role("link", name="Acknowledge")
        with browser.page.context.expect_page() as opened:
            mail.click()
        browser.page = opened.value
        browser.page.wait_for_load_state()
        assert browser.page.url.startswith(place["desk_url"])
        assert "nobody has it" in browser.page.inner_text("#top")

        browser.type("#acknowledge-name", "Maria")
        browser.click("#hands form button")
        browser.page.locator(".done", has_text=ANSWERS["acknowledge"]).wait_for()
        # The name is remembered from now on.
        for action, words in (("note", "Called the farm."), ("resolve", "The main valve is shut.")):
            browser.click(f"#do-{action} summary")
            browser.type(f"#{action}-note", words)
            browser.click(f"#do-{action} button")
            browser.page.locator(".done", has_text=ANSWERS[action]).wait_for()
            assert words in browser.page.inner_text("#timeline")
        assert browser.barriers() == []
        open_mail(browser, place["inbox_url"], "Maria has it")


def test_a_ticket_of_danger_that_nobody_takes_wakes_a_second_person_within_the_policy_s_minutes(
    stack: RunningStack, service: PushService
) -> None:
    known = {number_of(one.body) for one in service.pushed}

    def pushed() -> list[Pushed]:
        """Of this ticket: whoever was woken for another one may only now be told that somebody has it."""
        return [one for one in service.pushed if number_of(one.body) not in known]

    report(stack.description(), "unanswered", "there is smoke coming out of the cabinet")
    wait_for(pushed, "the first push message")
    told = time.monotonic()
    first = pushed()[0]
    assert first.path == "/"
    number = number_of(first.body)

    def second() -> list[str]:
        return [one.body for one in pushed() if number in one.body and "path-secret" in one.path]

    wait_for(second, "the push message to the second person", LADDER_SECONDS + SWEEP_SECONDS + 30)
    assert time.monotonic() - told > LADDER_SECONDS - 10, "nobody is asked before the first person had the time"
    (woken,) = second()
    assert "Nobody has taken it for" in woken
    (page,) = re.findall(r"http://[\d.:]+/t/[\w.=-]+", woken)
    assert number in httpx.get(page).text
