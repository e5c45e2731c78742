"""Any text has findings that lie within it, in a time that does not grow faster than the text."""

from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz import checks
from tests.fuzz.profiles import few
from tests.rules.detection.test_hostile import KNOWN_WORDS, LONGEST_SECONDS, seconds

ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=200)
GLUE = st.sampled_from([" ", "", ", ", ". ", "\n", "'", "-", "’", "\u0301", "\u200d", "?", "!", "(", '"', "“"])
MIXED = st.lists(st.sampled_from(KNOWN_WORDS) | ANY_TEXT | GLUE, max_size=40).flatmap(
    lambda words: GLUE.map(lambda glue: glue.join(words))
)
LANGUAGES = st.sampled_from([None, "en", "el", "ar", "es", "tr", "no", "xx"])


@given(MIXED, LANGUAGES)
def test_known_words_among_anything_are_found_within_the_text(text: str, language: str | None) -> None:
    checks.detection(text, language)


@few(0.15)
@given(st.lists(st.sampled_from(KNOWN_WORDS) | GLUE, min_size=1, max_size=6).map("".join).filter(bool))
def test_any_words_repeated_without_end_take_no_long_time(unit: str) -> None:
    assert seconds(unit * (200_000 // len(unit))) < LONGEST_SECONDS
