"""Spellings, slips of the finger and folding."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.detection.fold import fold, offsets
from rules.detection.pattern import Element, parse
from rules.detection.spelling import one_slip, spellings


@pytest.mark.parametrize(
    ("typed", "meant", "close"),
    [
        ("smoek", "smoke", True),
        ("tehcnician", "technician", True),
        ("representive", "representative", False),
        ("techniician", "technician", True),
        ("tecnician", "technician", True),
        ("reprezentative", "representative", True),
        ("meeting", "melting", False),
        ("fittings", "fitting", False),
        ("charged", "charger", False),
        ("smke", "smoke", False),
    ],
)
def test_one_slip(typed: str, meant: str, close: bool) -> None:
    assert one_slip(typed, meant) is close


def test_letters_that_a_keyboard_lacks_have_other_spellings() -> None:
    assert spellings("røyk", {"ø": ("o", "oe")}) == {"royk", "roeyk"}
    assert spellings("θέλω", {"θ": ("th", "8"), "λ": ("l",), "ε": ("e",), "ω": ("o", "w")}) == {
        "θελω", "thelo", "thelw", "8elo", "8elw",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("ΆΝΘΡΩΠΟΣ", "ανθρωποσ"),
        ("İSTANBUL ılık", "istanbul ilik"),
        ("Ærlig ØRE Ås", "aerlig ore as"),
        ("حَرِيقٌ أحمد إلى آخر مستشفىٰ ساعة", "حريق احمد الي اخر مستشفي ساعه"),
        ("٣٥ bar ½", "35 bar 1⁄2"),
        ("don’t", "dont"),
        ("ﬁre", "fire"),
    ],
)
def test_folding(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(st.text(st.characters(codec=None, exclude_categories=())))
def test_offsets_cut_the_folded_text_into_the_characters_it_came_from(text: str) -> None:
    folded, starts = fold(text), offsets(text)
    assert starts[-1] == len(folded)
    assert "".join(folded[start:end] for start, end in pairwise(starts)) == folded
    assert starts == sorted(starts)


def test_a_pattern_is_read_element_by_element() -> None:
    assert parse("^ <who>|they? ~3 fell_down* in{2} @") == (
        Element(mark="^"),
        Element(("<who>", "they"), least=0),
        Element(mark="~", least=0, most=3),
        Element(("fell_down*",)),
        Element(("in",), least=0, most=2),
        Element(mark="@"),
    )


@pytest.mark.parametrize("pattern", ["", "a**", "<Who>", "~~~3", "a{0}", "|a", "a b{x}", "<who"])
def test_a_pattern_that_cannot_be_read_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"cannot be read|empty"):
        parse(pattern)
