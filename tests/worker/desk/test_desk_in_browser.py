"""The ticket's page in a real browser, phone and desktop, light and dark, Arabic: what people do there, and all can."""

from pathlib import Path

import pytest
from sqlalchemy import Connection

from services.installation import Installation
from tasks.evaluation.batch import write
from tests.chromium import Browser, chromium, pictures
from tests.events import message
from tests.services.tickets.conftest import ticket_row
from tests.tasks.evaluation.batches import Entries
from tests.worker.desk.legible import DESKTOP, LOOKS, PHONE, check, language
from worker.desk.access import TEAM_COOKIE
from worker.desk.actions import ANSWERS
from worker.desk.words import words_in

__all__ = ["language", "pictures"]

pytestmark = pytest.mark.debian

# The three actions of the first screen: those below it, and those whose words are broken.
BELOW = """
    return [...document.querySelectorAll('.quick .act, #hands .big .act, #hands .big a')]
        .filter(one => one.closest('.quick') || getComputedStyle(document.querySelector('.quick')).display == 'none')
        .filter(one => one.getBoundingClientRect().bottom > innerHeight).map(one => one.textContent)
"""
BROKEN = """
    const lines = one => {
        const range = document.createRange();
        range.selectNodeContents(one);
        return range.getClientRects().length;
    };
    return [...document.querySelectorAll('.quick .act')].filter(one => lines(one) > 1).map(one => one.textContent)
"""
# Whether the focused field and its label stand between the two bars.
SEEN = """() => {
    const field = document.activeElement;
    return field.labels[0].getBoundingClientRect().top >= document.getElementById('top').offsetHeight
        && field.getBoundingClientRect().bottom <= document.querySelector('.quick').getBoundingClientRect().top;
}"""


def wait_for_answer(browser: Browser, words: str) -> None:
    """Until the page says of what was just done."""
    browser.page.locator(".done", has_text=words).wait_for()


@pytest.mark.parametrize("width", [PHONE, DESKTOP])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_page_fits_and_can_be_read_by_everybody(
    language: str, desk: str, ticket: dict[str, str], pictures: Path, dark: bool, width: int
) -> None:
    with chromium(width, dark, phone=width == PHONE) as browser:
        browser.open(desk + ticket["path"])
        assert browser.run("return innerWidth") == width
        assert browser.run("return document.documentElement.lang") == language
        assert browser.run("return matchMedia('(prefers-color-scheme: dark)').matches") is dark
        assert browser.run("return document.styleSheets.length") == 1
        assert browser.run("return performance.getEntriesByType('resource').length") == 0
        assert browser.run(BELOW) == []
        assert browser.run(BROKEN) == []
        check(browser)
        browser.picture(pictures / f"page-{width}-{language}-{'dark' if dark else 'light'}.png", whole=True)


def fill(browser: Browser, action: str, **fields: str) -> None:
    """Open one of the page's forms, fill it in and send it; the name is remembered from the first on."""
    browser.click(f"#do-{action} summary")
    for name, words in fields.items():
        browser.type(f"#{action}-{name}", words)
    browser.click(f"#do-{action} button")


@pytest.mark.parametrize(("language", "width", "dark"), LOOKS, indirect=["language"])
def test_a_ticket_s_whole_life(
    language: str, width: int, dark: bool, desk: str, ticket: dict[str, str], connection: Connection
) -> None:
    answers = {action: words_in(language).gettext(answer) for action, answer in ANSWERS.items()}

    def status() -> object:
        return ticket_row(connection, ticket["number"])["status"]

    with chromium(width, dark, phone=width == PHONE) as browser:
        browser.open(desk + ticket["path"])
        assert status() == "open"
        browser.type("#acknowledge-name", "Maria")
        browser.click("#hands form button")
        wait_for_answer(browser, answers["acknowledge"])
        assert ticket_row(connection, ticket["number"])["acknowledged_by"] == "Maria"
        assert "Maria" in browser.page.inner_text("#top")
        check(browser)
        # The cookie is for https, as it should be: here the name is typed each time.
        fill(browser, "note", note="Called the farm.", name="Maria")
        wait_for_answer(browser, answers["note"])
        assert "Called the farm." in browser.page.inner_text("#timeline")
        browser.click("#do-reassign summary")
        browser.page.select_option("#reassign-contact", "electrical")
        browser.type("#reassign-name", "Maria")
        browser.click("#do-reassign button")
        wait_for_answer(browser, answers["reassign"])
        assert status() == "open"
        fill(browser, "resolve", note="Replaced the fuse.", name="Maria")
        wait_for_answer(browser, answers["resolve"])
        assert status() == "resolved"
        fill(browser, "reopen", name="Maria")
        wait_for_answer(browser, answers["reopen"])
        assert status() == "open"
        browser.click("#do-feedback summary")
        browser.click("input[value=too_late]")
        browser.type("#feedback-name", "Maria")
        browser.click("#do-feedback button")
        wait_for_answer(browser, answers["feedback"])
        assert browser.run("return document.querySelectorAll('input:checked').length") == 1
        check(browser)


@pytest.mark.parametrize(("language", "width", "dark"), [*LOOKS, ("el", 360, False)], indirect=["language"])
def test_a_refusal_stands_above_the_form_that_holds_what_was_typed(
    language: str, width: int, dark: bool, desk: str, ticket: dict[str, str], pictures: Path
) -> None:
    with chromium(width, dark, phone=width == PHONE) as browser:
        browser.open(desk + ticket["path"])
        fill(browser, "note", note="Called the farm.", name=" ")
        browser.page.locator(".wrong").wait_for()
        wrong = words_in(language).gettext("A name should be one line of 1 to %(most)s printable characters.")
        assert browser.page.inner_text(".wrong") == wrong % {"most": 120}
        browser.run("document.getElementById('top').dataset.old = 'yes'")
        browser.run("document.dispatchEvent(new Event('visibilitychange'))")
        browser.page.wait_for_function("() => !document.getElementById('top').dataset.old")
        assert browser.page.input_value("#note-note") == "Called the farm."
        assert browser.page.locator("#do-note").get_attribute("open") is not None
        check(browser)
        browser.picture(pictures / f"refused-{width}-{language}.png")


def test_the_keyboard_alone_takes_a_ticket(desk: str, ticket: dict[str, str], connection: Connection) -> None:
    with chromium(DESKTOP, phone=False) as browser:
        browser.open(desk + ticket["path"])
        browser.page.keyboard.press("Tab")
        assert browser.run("return document.activeElement.className") == "skip"
        browser.page.focus("#acknowledge-name")
        browser.page.keyboard.type("Maria")
        browser.page.keyboard.press("Enter")
        wait_for_answer(browser, "It is yours.")
        assert ticket_row(connection, ticket["number"])["acknowledged_by"] == "Maria"


def test_on_a_phone_the_large_button_leads_to_the_name(desk: str, ticket: dict[str, str]) -> None:
    with chromium(PHONE) as browser:
        # At once: on its way, a page that ends too far is right for a moment too.
        browser.page.emulate_media(reduced_motion="reduce")
        browser.open(desk + ticket["path"])
        browser.click(".quick .first")
        assert browser.run("return document.activeElement.id") == "acknowledge-name"
        browser.page.wait_for_function(SEEN)


def test_new_danger_appears_on_a_page_that_is_open_and_what_is_being_typed_stays(
    desk: str, ticket: dict[str, str], public: Installation, entries: Entries
) -> None:
    with chromium(PHONE) as browser:
        browser.open(desk + ticket["path"])
        assert browser.page.locator("#alarm").is_hidden()
        browser.type("#acknowledge-name", "Maria")
        write(entries([message("s", "Jonas burned his hand", seconds=60)]), public)
        # As when somebody comes back to the page; it also looks by itself every ten seconds.
        browser.run("document.dispatchEvent(new Event('visibilitychange'))")
        browser.page.locator("#alarm").wait_for()
        assert "Jonas burned his hand" in browser.page.inner_text("#first")
        assert "Jonas burned his hand" in browser.page.inner_text("#talk")
        assert browser.page.input_value("#acknowledge-name") == "Maria"
        check(browser)


@pytest.mark.parametrize("language", ["el"], indirect=True)
def test_the_bar_on_top_has_two_lines_in_a_language_with_long_words(
    language: str, desk: str, ticket: dict[str, str]
) -> None:
    with chromium(PHONE) as browser:
        browser.page.context.add_cookies([{"name": TEAM_COOKIE, "value": "x", "url": desk}])
        browser.open(desk + ticket["path"])
        assert browser.page.locator(".back").count() == 1
        assert browser.run("return document.getElementById('top').offsetHeight") <= 84
        check(browser)
