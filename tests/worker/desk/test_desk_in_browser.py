"""The page on a phone: it fits, it can be read and pressed, and taking a ticket works."""

from pathlib import Path

import pytest
from sqlalchemy import Connection

from config.settings import get_settings
from services.installation import Installation, get_installation
from tests.services.tickets.conftest import ticket_row
from tests.tasks.evaluation.batches import wait_for
from tests.worker.desk.webdriver import Browser, chromium

pytestmark = pytest.mark.debian

PHONE = 360
TOO_WIDE = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
SMALL = """
    return [...document.querySelectorAll('button, input:not([type=hidden]), textarea, a.link, a.press, .choice')]
        .filter(one => !one.matches('.choice input'))
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


@pytest.fixture(params=["en", "ar"])
def language(request: pytest.FixtureRequest, public: Installation, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("SUPPORT_LANGUAGE", request.param)
    get_settings.cache_clear()
    get_installation.cache_clear()
    return str(request.param)


def answer(browser: Browser) -> str:
    """What the page says of what was just done."""
    return str(browser.run("return document.querySelector('.done')?.textContent ?? ''"))


def check(browser: Browser) -> None:
    assert browser.run(TOO_WIDE) <= 0
    assert browser.run(FAINT) == []
    assert browser.run(SMALL) == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_page_fits_a_phone_and_can_be_read(
    language: str, desk: str, ticket: dict[str, str], tmp_path: Path, dark: bool
) -> None:
    with chromium(tmp_path / "browser", PHONE, dark) as browser:
        browser.open(desk + ticket["path"])
        assert browser.run("return innerWidth") == PHONE
        assert browser.run("return document.documentElement.lang") == language
        assert browser.run("return matchMedia('(prefers-color-scheme: dark)').matches") is dark
        assert browser.run("return document.styleSheets.length") == 1
        check(browser)
        browser.picture(tmp_path / "page.png")


def test_a_ticket_is_taken_and_solved_by_thumb(
    desk: str, ticket: dict[str, str], connection: Connection, tmp_path: Path
) -> None:
    with chromium(tmp_path / "browser", PHONE) as browser:
        browser.open(desk + ticket["path"])
        assert ticket_row(connection, ticket["number"])["status"] == "open"
        browser.type("#acknowledge-name", "Maria")
        browser.click("#hands form button")
        wait_for(lambda: "It is yours." in answer(browser))
        assert ticket_row(connection, ticket["number"])["acknowledged_by"] == "Maria"
        check(browser)
        browser.click("#do-resolve summary")
        browser.type("#resolve-note", "Replaced the fuse.")
        browser.type("#resolve-name", "Maria")
        browser.click("#do-resolve button")
        wait_for(lambda: "Marked as solved." in answer(browser))
        assert ticket_row(connection, ticket["number"])["status"] == "resolved"
        browser.click("#do-feedback summary")
        browser.click("input[value=too_late]")
        browser.type("#feedback-name", "Maria")
        browser.click("#do-feedback button")
        wait_for(lambda: "Thank you for your feedback." in answer(browser))
        assert browser.run("return document.querySelectorAll('input:checked').length") == 1
        check(browser)
