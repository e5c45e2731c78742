"""What stands between two spaces is coded by itself, as the whole text would code it, and remembered within limits."""

from hypothesis import example, given
from hypothesis import strategies as st

from config.lexicon import load_lexicon
from rules.detection.detect import codes_of
from rules.detection.fold import fold
from rules.detection.lexicon import Stretches
from rules.detection.tokens import words

LANGUAGES = st.sampled_from([None, "en", "el", "ar"])
USUAL = st.sampled_from(
    ["Smoke!", "don't", "-", "--", "\t-\t", ";", "φωτιά;", "\u037e", "3.5", ".5", ".", "\n-", "ﬁre,"]
)
PARTS = st.lists(USUAL | st.text(st.characters(exclude_categories=["Cs"]), max_size=6), max_size=8)


@given(PARTS.map(" ".join), LANGUAGES)
@example("- smoke -", None)
@example("smoke - and fire; call me", "el")
@example("καπνός; \N{GREEK QUESTION MARK} fire;", None)
def test_the_codes_are_those_of_the_whole_text(text: str, language: str | None) -> None:
    lexicon = load_lexicon()
    assert codes_of(text, language, lexicon) == "".join(map(lexicon.code, words(fold(text), language)))


def test_what_is_remembered_has_limits() -> None:
    stretches = Stretches(load_lexicon().code)
    assert stretches["x" * 33] == load_lexicon().code("x" * 33)
    assert len(stretches) == 0
    for number in range(30_001):
        assert stretches[f"fire{number}"] is not None
    assert len(stretches) == 1
