"""The pages in a real browser, phone and desktop, light and dark, Arabic: what people do there, and that all can."""

import os
from pathlib import Path

import pytest
from sqlalchemy import Connection

from config.settings import get_settings
from services.installation import Installation, get_installation
from tasks.evaluation.batch import write
from tests.chromium import Browser, chromium
from tests.events import message
from tests.services.tickets.conftest import ticket_row
from tests.tasks.conftest import rows
from tests.tasks.evaluation.batches import Entries
from tests.worker.desk.test_desk_digest import path
from tests.worker.desk.test_desk_links import aged
from worker.desk.access import TEAM_COOKIE, add_team_link
from worker.desk.actions import ANSWERS
from worker.desk.app import EXPIRED
from worker.desk.list_page import FOR_TEAM
from worker.desk.words import words_in

__all__ = ["path"]

pytestmark = pytest.mark.debian

PHONE, DESKTOP = 360, 1_280
TOO_WIDE = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
SMALL = """
    return [...document.querySelectorAll('button, input:not([type=hidden]), textarea, a.link, a.press, .choice, .tick')]
        .filter(one => !one.matches('.choice input, .tick input'))
        .map(one => [one.textContent.trim() || one.name, (one.closest('td.button') || one).offsetHeight])
        .filter(([words, height]) => height && height < 40 && !words.includes('@'))
"""
# Relative luminance and contrast as in WCAG 2.2; the background is the nearest one that is not transparent.
FAINT = """
    const parts = colour => colour.match(/[\\d.]+/g).map(Number);
    const light = colour => parts(colour).slice(0, 3)
        .map(one => one / 255).map(one => one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4)
        .reduce((sum, one, place) => sum + one * [0.2126, 0.7152, 0.0722][place], 0);
    const behind = one => {
        for (; one; one = one.parentElement) {
            const colour = getComputedStyle(one).backgroundColor;
            if (parts(colour).length < 4 || parts(colour)[3] > 0) return colour;
        }
        return 'rgb(255, 255, 255)';
    };
    return [...document.querySelectorAll('main *')]
        .filter(one => one.offsetHeight && [...one.childNodes].some(node => node.nodeType == 3 && node.data.trim()))
        .map(one => {
            const lights = [light(getComputedStyle(one).color), light(behind(one))].sort((a, b) => b - a);
            return {words: one.textContent.trim().slice(0, 40), contrast: (lights[0] + 0.05) / (lights[1] + 0.05)};
        })
        .filter(one => one.contrast < 4.5)
"""
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
# Whether the focused field stands between the two bars.
SEEN = """() => {
    const {top, bottom} = document.activeElement.getBoundingClientRect();
    return top >= document.getElementById('top').offsetHeight
        && bottom <= document.querySelector('.quick').getBoundingClientRect().top;
}"""
# Phone and desktop, light and dark, and both directions of writing.
LOOKS = [("en", 360, False), ("ar", 1_280, True)]


@pytest.fixture(params=["en", "ar"])
def language(request: pytest.FixtureRequest, public: Installation, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("SUPPORT_LANGUAGE", request.param)
    monkeypatch.setenv("DESK_ACTIONS_PER_MINUTE", "10")
    get_settings.cache_clear()
    get_installation.cache_clear()
    return str(request.param)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Where pictures go: `ESCALATION_PICTURES=docs/pictures` keeps them."""
    return Path(os.environ.get("ESCALATION_PICTURES", tmp_path))


def wait_for_answer(browser: Browser, words: str) -> None:
    """Until the page says of what was just done."""
    browser.page.locator(".done", has_text=words).wait_for()


def check(browser: Browser) -> None:
    assert browser.run(TOO_WIDE) <= 0
    assert browser.run(FAINT) == []
    assert browser.run(SMALL) == []
    assert browser.barriers() == []


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
        cookie = {"name": TEAM_COOKIE, "value": link.removeprefix("/team/"), "url": desk}
        browser.page.context.add_cookies([cookie])  # type: ignore[list-item]
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
