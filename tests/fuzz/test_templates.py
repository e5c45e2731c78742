"""Whatever is said stays text: every template has the same elements with hostile words as with harmless ones."""

import re
from email import message_from_bytes, policy
from functools import lru_cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.settings import Settings
from services.mail.sanitize import clean
from tests.fuzz.hostile import HARMLESS, HOSTILE
from tests.fuzz.letters import TEMPLATES, desk_pages_saying, elements, letter_saying, message_saying, targets
from tests.fuzz.profiles import few

pytestmark = pytest.mark.long

TOLD_TO_SUPPORT = ("ticket_opened", "ticket_updated", "ticket_unacknowledged", "test")
SIZE_LIMIT = Settings.model_fields["mail_html_bytes"].default
# Many marks that HTML, Jinja or a mail could trip over; no digits and no @, which might make a link to call or write.
MARKED = st.text(
    st.sampled_from("<>&\"'`=/\\{}%#;:!-()[]\n\r\t\x00\x07\x1b\x85\u2028\u202e\u2066\u200f\ufeff\ufffe\ud800 ab")
    | st.characters(exclude_categories=["Nd", "Nl", "No"], exclude_characters="@"),
    max_size=120,
)
# What must reach no reader: control characters, overrides, half a pair. The isolates 2066, 2068, 2069 are our own.
UNSHOWABLE = frozenset("\x00\x07\x0b\x0c\x1b\x85\u2028\u202a\u202b\u202c\u202d\u202e\u2067\ufffe\ud800")
ISOLATES = re.compile("[\u2066\u2068\u2069]")
# Begins with a letter: where nothing is left of a text, its line is left out.
WORDS = MARKED.map(lambda text: f"x{text}")


@lru_cache
def harmless(template: str, language: str) -> tuple[object, object]:
    html = letter_saying(template, HARMLESS, language).html
    return elements(html), targets(html)


def squeezed(text: str) -> str:
    """Without spaces and without the marks that keep numbers in their order."""
    return "".join(ISOLATES.sub("", text).split())


def check(template: str, words: str, language: str) -> None:
    made = letter_saying(template, words, language)
    assert (elements(made.html), targets(made.html)) == harmless(template, language)
    assert len((made.html or "").encode()) < SIZE_LIMIT
    assert len(made.subject.splitlines()) == 1
    if template in TOLD_TO_SUPPORT:
        assert squeezed(clean(words)) in squeezed(made.text)
    told = made.subject + made.text + (made.html or "")
    assert not set(told) & UNSHOWABLE
    assert told.count("\u2066") + told.count("\u2068") == told.count("\u2069")


@pytest.mark.parametrize("words", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("template", TEMPLATES)
def test_hostile_words_make_no_element_and_no_link(template: str, words: str) -> None:
    for language in ("en", "ar"):
        check(template, words, language)


@few(0.25)
@given(WORDS)
@pytest.mark.parametrize("template", TEMPLATES)
def test_any_words_make_no_element_and_no_link(template: str, words: str) -> None:
    check(template, words, "en")


@few(0.25)
@given(MARKED)
@pytest.mark.parametrize("template", TEMPLATES)
def test_any_words_leave_a_whole_message(template: str, words: str) -> None:
    raw = message_saying(template, words)
    message = message_from_bytes(raw, policy=policy.default)
    plain = message_from_bytes(message_saying(template, HARMLESS), policy=policy.default)
    assert message.defects == []
    assert sorted(message.keys()) == sorted(plain.keys())
    assert [part.get_content_type() for part in message.walk()] == [part.get_content_type() for part in plain.walk()]
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert b"\n" not in raw.replace(b"\r\n", b"")


def check_desk(words: str) -> None:
    # What is long is cut, and a link shows all of it.
    as_long = HARMLESS * (len(words) // len(HARMLESS) + 1)
    for page, plain in zip(desk_pages_saying(words), desk_pages_saying(as_long), strict=True):
        assert elements(page) == elements(plain)
        assert targets(page) == targets(plain)


@pytest.mark.parametrize("words", HOSTILE.values(), ids=HOSTILE)
def test_hostile_words_make_no_element_on_the_ticket_s_page(words: str) -> None:
    check_desk(words)


@few(0.25)
@given(WORDS)
def test_any_words_make_no_element_on_the_ticket_s_page(words: str) -> None:
    check_desk(words)
