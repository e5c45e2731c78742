"""The mails in a real browser: on a phone and a desk, in light and dark, in every language."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.rendering.pages import crowded, letter_for, measured
from tests.services.mail.letters import LANGUAGES, with_conversation
from tests.services.mail.test_html import hostile_story
from worker.preview.browser import Browser
from worker.preview.example import example_story

pytestmark = pytest.mark.debian("chromium", "noto-fonts")

TEMPLATES = ("ticket_opened", "ticket_updated", "ticket_unacknowledged", "customer_notice", "test")
WIDTHS = (360, 640)
WATCH = "window.ran = []; for (const name of ['alert', 'confirm', 'prompt']) window[name] = () => ran.push(name)"

PLACES_OF_CLOCKS = """(() => {
  const walker = document.createTreeWalker(document.querySelector("h3 .small"), NodeFilter.SHOW_TEXT);
  const node = walker.nextNode();
  return ["03:24", "أثينا", "05:24", "مسقط"].map((word) => {
    const range = document.createRange();
    const start = node.data.indexOf(word);
    range.setStart(node, start);
    range.setEnd(node, start + word.length);
    return range.getBoundingClientRect().left;
  });
})()"""

LINES_OF_ADDRESS = """(() => {
  const cell = [...document.querySelectorAll(".fact")].find((one) => one.textContent.includes("@"));
  const walker = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
  const lines = {};
  while (walker.nextNode())
    for (let place = 0; place < walker.currentNode.length; place += 1) {
      const range = document.createRange();
      range.setStart(walker.currentNode, place);
      range.setEnd(walker.currentNode, place + 1);
      const top = Math.round(range.getBoundingClientRect().top);
      lines[top] = (lines[top] || "") + walker.currentNode.data[place];
    }
  return Object.keys(lines).map(Number).sort((one, other) => one - other).map((top) => lines[top]);
})()"""

WRONG = """<!doctype html><body style="background: #fff; color: #000">
<p style="color: #ccc">pale</p><p style="font-size: 9px">tiny</p>
<p style="width: 20px; height: 20px; overflow: hidden; white-space: nowrap">hidden words</p>
<p style="width: 900px; text-align: right">wide</p>
<table><tr><td class="button"><a class="press" href="tel:1">press</a></td></tr></table>"""


def assert_readable(found: dict[str, Any]) -> None:
    assert found["texts"] > 1
    assert not found["scrolls"]
    assert (found["contrast"], found["outside"], found["cut"], found["small"], found["targets"]) == ([],) * 5


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("template", TEMPLATES)
def test_a_mail_can_be_read(
    chromium: Browser, tmp_path: Path, template: str, language: str, width: int, dark: bool
) -> None:
    details = with_conversation(example_story(language), hurt="said" if template == "ticket_updated" else "denied")
    found = measured(chromium, str(letter_for(template, language, details).html), tmp_path, width=width, dark=dark)
    assert_readable(found)
    assert found["width"] == width
    assert found["direction"] == ("rtl" if language == "ar" else "ltr")


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_words_without_end_stay_on_the_screen(chromium: Browser, tmp_path: Path, language: str, width: int) -> None:
    for template in TEMPLATES:
        made = letter_for(template, language, crowded(example_story(language)))
        assert_readable(measured(chromium, str(made.html), tmp_path, width=width))


@pytest.mark.parametrize("language", ["en", "ar"])
def test_a_long_address_breaks_between_its_parts_on_a_phone(chromium: Browser, tmp_path: Path, language: str) -> None:
    story = example_story(language)
    assert story.user
    address = "angeliki.papadopoulou@seafarmsofkefalonia.example.com"
    made = letter_for("ticket_opened", language, replace(story, user=replace(story.user, email=address)))
    measured(chromium, str(made.html), tmp_path, width=360)
    lines = [line.strip("\n") for line in chromium.evaluate(LINES_OF_ADDRESS)]
    assert "".join(lines) == address
    assert len(lines) > 1
    assert all(line.endswith(("@", ".")) for line in lines[:-1])


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("template", "parts"),
    [
        ("ticket_opened", ["H1", "found", "calm", "button", "button"]),
        ("ticket_updated", ["H1", "found", "calm", "button", "button"]),
        # Who was asked before comes first here; the mail's button follows after a touch.
        ("ticket_unacknowledged", ["H1", "found", "calm", "button"]),
    ],
)
def test_the_first_screen_of_a_phone_has_all_that_is_needed_to_act(
    chromium: Browser, tmp_path: Path, language: str, template: str, parts: list[str]
) -> None:
    made = letter_for(template, language, example_story(language))
    shown = measured(chromium, str(made.html), tmp_path, width=360)["firstScreen"]
    assert shown[: len(parts)] == parts


def test_in_arabic_each_time_stands_beside_its_place(chromium: Browser, tmp_path: Path) -> None:
    """From right to left: the reader's time, its place, the user's time, its place."""
    made = letter_for("ticket_opened", "ar", example_story("ar"))
    measured(chromium, str(made.html), tmp_path, width=640)
    places = chromium.evaluate(PLACES_OF_CLOCKS)
    assert places == sorted(places, reverse=True)
    assert len(places) == 4


def test_without_styles_everything_is_still_there(chromium: Browser, tmp_path: Path) -> None:
    made = letter_for("ticket_opened", "en", example_story("en"))
    bare = "document.querySelectorAll('*').forEach(one => {one.removeAttribute('style'); one.removeAttribute('class')})"
    measured(chromium, str(made.html), tmp_path, width=640)
    before = set(str(chromium.evaluate("document.body.innerText")).split())
    chromium.evaluate(f"document.querySelector('style').remove(); {bare}")
    assert before <= set(str(chromium.evaluate("document.body.innerText")).split())


@pytest.mark.parametrize("template", TEMPLATES)
def test_no_script_of_a_hostile_user_runs(chromium: Browser, tmp_path: Path, template: str) -> None:
    made = letter_for(template, "en", hostile_story())
    html = str(made.html).replace("<head>", f"<head><script>{WATCH}</script>", 1)
    assert_readable(measured(chromium, html, tmp_path, width=360))
    assert chromium.evaluate("ran") == []
    assert chromium.evaluate("document.querySelectorAll('script').length") == 1
    assert chromium.evaluate("performance.getEntriesByType('resource').length") == 0


def test_the_probe_sees_what_is_wrong(chromium: Browser, tmp_path: Path) -> None:
    found = measured(chromium, WRONG, tmp_path, width=360)
    assert found["scrolls"]
    assert found["contrast"] == [["pale", 1.61]]
    assert found["cut"] == ["hidden words"]
    assert found["small"] == ["tiny"]
    assert found["targets"] == ["press"]
    assert set(found["outside"]) == {"wide"}
