"""What every page of ours must be in a real browser: it fits, and everybody can read and use it."""

import pytest

from config.settings import get_settings
from services.installation import Installation, get_installation
from tests.chromium import Browser

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
# Phone and desktop, light and dark, and both directions of writing.
LOOKS = [("en", 360, False), ("ar", 1_280, True)]


@pytest.fixture(params=["en", "ar"])
def language(request: pytest.FixtureRequest, public: Installation, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("SUPPORT_LANGUAGE", request.param)
    monkeypatch.setenv("DESK_ACTIONS_PER_MINUTE", "10")
    get_settings.cache_clear()
    get_installation.cache_clear()
    return str(request.param)


def check(browser: Browser) -> None:
    assert browser.run(TOO_WIDE) <= 0
    assert browser.run(FAINT) == []
    assert browser.run(SMALL) == []
    assert browser.barriers() == []
