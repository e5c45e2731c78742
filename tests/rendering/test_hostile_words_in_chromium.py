"""Hostile words in a real browser, on every page: nothing runs, nothing escapes, nothing is wider than the screen."""

from pathlib import Path
from typing import Any

import pytest

from services.mail.i18n.presenter import LONGEST_NAME
from tests.fuzz.hostile import HARMLESS, HOSTILE
from tests.rendering.hostile_pages import PAGES, page_saying
from worker.preview.browser import Browser

pytestmark = pytest.mark.debian("chromium", "noto-fonts")

PHONE = 360
LONG_HARMLESS = " ".join([HARMLESS] * 12)
WATCH = """<head><script>window.ran = [];
for (const name of ['alert', 'confirm', 'prompt', 'open', 'fetch']) window[name] = () => ran.push(name);
window.addEventListener('error', event => ran.push('error ' + event.message));</script>"""
# Whatever could be pressed, passed over or looked at is; then what there is.
SEE = """(() => {
  const all = [...document.querySelectorAll('*')];
  for (const one of all)
    for (const kind of ['mouseover', 'mouseenter', 'focus', 'pointerdown', 'load', 'error', 'toggle', 'animationend'])
      one.dispatchEvent(new Event(kind));
  const screen = document.documentElement;
  const outside = all.filter(one => one.getBoundingClientRect().right > screen.clientWidth + 1);
  return {
    ran,
    elements: all.filter(one => !one.matches('pre > a')).map(one => one.tagName)
      .filter(name => !['BR', 'BDI', 'WBR'].includes(name)),
    links: [...document.querySelectorAll('pre > a')].map(one => [one.getAttribute('href'), one.textContent]),
    handlers: all.flatMap(one => [...one.attributes].map(has => has.name)).filter(name => name.startsWith('on')),
    leads: all.filter(one => !one.matches('head > link[rel=icon][href="data:,"]'))
      .map(one => one.getAttribute('href') || one.getAttribute('action') || '')
      .filter(where => /^\\s*(javascript|data|vbscript):/i.test(where)),
    loaded: performance.getEntriesByType('resource').length,
    scrolls: screen.scrollWidth > screen.clientWidth,
    outside: outside.map(one => one.tagName + ' ' + one.className).slice(0, 3),
    words: document.body.innerText.length,
  };
})()"""


def seen(chromium: Browser, html: str, folder: Path) -> dict[str, Any]:
    page = folder / "page.html"
    assert html.count("<head>") >= 1
    page.write_text(html.replace("<head>", WATCH, 1), encoding="utf-8")
    chromium.show(page, width=PHONE)
    found: dict[str, Any] = chromium.evaluate(SEE)
    return found


def is_plain_link(address: str, words: str) -> bool:
    return address in {words, f"mailto:{words}"} and address.startswith(("https://", "http://", "mailto:"))


@pytest.mark.parametrize("name", PAGES)
def test_hostile_words_are_only_words(chromium: Browser, tmp_path: Path, name: str) -> None:
    short, long = (seen(chromium, page_saying(name, words, tmp_path), tmp_path) for words in (HARMLESS, LONG_HARMLESS))
    assert short["words"] > 20
    for kind, words in HOSTILE.items():
        # What is longer than a name may be is attached whole.
        plain = long if len(words) > LONGEST_NAME else short
        found = seen(chromium, page_saying(name, words, tmp_path), tmp_path)
        assert found["elements"] == plain["elements"], kind
        # What the inbox makes a link of in plain text leads where its words say, over HTTPS or to a mailbox.
        assert [link for link in found["links"] if not is_plain_link(*link)] == [], kind
        nothing = (found["ran"], found["handlers"], found["leads"], found["loaded"])
        assert nothing == ([], [], [], plain["loaded"]), kind
        assert (found["scrolls"], found["outside"]) == (False, []), kind


def test_what_is_not_escaped_would_be_seen(chromium: Browser, tmp_path: Path) -> None:
    for kind in ("script", "handlers", "closing tags"):
        html = f"<html><head></head><body><p>{HOSTILE[kind]}</p></body></html>"
        found = seen(chromium, html, tmp_path)
        assert found["ran"] or "H1" in found["elements"], kind
