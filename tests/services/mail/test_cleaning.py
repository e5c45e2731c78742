"""Text from outside is made harmless, and nothing else of it is lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.mail.sanitize import clean, cut, direction, one_line

OVERRIDES = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("bell \x07 and escape \x1b[31m", "bell  and escape [31m"),
        ("tab\tand\nline", "tab\tand\nline"),
        ("\r\nWindows\r\nold Mac\rend\n", "Windows\nold Mac\nend"),
        ("C1 \x9b \x85 next", "C1  \n next"),
        ("half \ud83d pair", "half  pair"),
        ("no character \ufffe\uffff", "no character "),
        ("exe\u202egnp.\u202c", "exegnp."),
        ("Βγαίνει καπνός 🔥 دخان", "Βγαίνει καπνός 🔥 دخان"),
    ],
)
def test_what_cannot_be_shown_goes_and_the_words_stay(text: str, expected: str) -> None:
    assert clean(text) == expected


@given(st.text())
def test_one_line_is_one_line_without_marks(text: str) -> None:
    line = one_line(text)
    assert len(line.splitlines()) <= 1
    assert not set(line) & set(OVERRIDES + "\u200e\u200f\u061c\x00\x7f")
    assert one_line(line) == line


@given(st.text(), st.integers(min_value=1, max_value=50))
def test_a_cut_text_is_never_longer_than_its_limit(text: str, limit: int) -> None:
    assert len(cut(text, limit)) <= max(limit, 1)
    assert cut(text, limit) == text or cut(text, limit).endswith("…")


@pytest.mark.parametrize(
    ("text", "expected"), [("smoke", "ltr"), ("دخان KEF-5", "rtl"), ("12 דלת", "rtl"), ("123 !", "ltr"), ("", "ltr")]
)
def test_the_first_letter_with_a_direction_decides(text: str, expected: str) -> None:
    assert direction(text) == expected
