"""Each entry of each word list keeps the promise of its own examples."""

import pytest
from _pytest.mark import ParameterSet

from config.lexicon import FOLDER, load_lexicon, read
from rules.detection import WordList, WordListEntry, detect
from rules.detection.detect import codes_of, heard

LISTS = [read(path) for path in sorted(FOLDER.glob("*.toml"))]


def examples(kind: str, field: str) -> list[ParameterSet]:
    """(entry, example) for each example of the entries, scopes or exceptions of all lists."""
    return [
        pytest.param(entry, text, id=f"{words.language}-{entry.id}-{number}")
        for words in LISTS
        for entry in getattr(words, kind)
        for number, text in enumerate(getattr(entry, field))
    ]


def fires(entry: WordListEntry, text: str) -> bool:
    """Whether the entry itself matches the text and nothing weakens it."""
    hits = heard(codes_of(text, entry.language, load_lexicon()), entry.language, load_lexicon())
    return any((hit.entry.language, hit.entry.id) == (entry.language, entry.id) and not hit.weakened for hit in hits)


def anything_fires(entry: WordListEntry, text: str) -> bool:
    return any(finding.fires for finding in detect(text, entry.language, load_lexicon()))


@pytest.mark.parametrize(("entry", "text"), examples("entries", "match"))
def test_an_entry_hears_its_example(entry: WordListEntry, text: str) -> None:
    assert fires(entry, text)


@pytest.mark.parametrize(("entry", "text"), examples("entries", "no_match"))
def test_an_entry_keeps_still_at_its_counterexample(entry: WordListEntry, text: str) -> None:
    assert not fires(entry, text)


@pytest.mark.parametrize(("entry", "text"), examples("scopes", "match"))
def test_a_scope_has_its_effect_on_its_example(entry: WordListEntry, text: str) -> None:
    findings = detect(text, entry.language, load_lexicon())
    assert len(findings) > 0
    assert anything_fires(entry, text) == (entry.effect == "stands")


@pytest.mark.parametrize(("entry", "text"), examples("scopes", "no_match"))
def test_a_scope_has_no_effect_on_its_counterexample(entry: WordListEntry, text: str) -> None:
    assert anything_fires(entry, text) == (entry.effect != "stands")


@pytest.mark.parametrize(("entry", "text"), examples("exceptions", "match"))
def test_an_exception_is_no_finding(entry: WordListEntry, text: str) -> None:
    assert not anything_fires(entry, text)


@pytest.mark.parametrize(("entry", "text"), examples("exceptions", "no_match"))
def test_an_exception_hides_nothing_beside_it(entry: WordListEntry, text: str) -> None:
    assert anything_fires(entry, text)


def test_there_is_a_list_for_each_language_of_a_session() -> None:
    assert {words.language for words in LISTS} == {"en", "el", "ar", "es", "tr", "no"}


@pytest.mark.parametrize("words", LISTS, ids=lambda words: words.language)
def test_each_list_knows_wishes_danger_and_all_that_weakens_them(words: WordList) -> None:
    assert {entry.kind for entry in words.entries} == {"safety_concern", "user_request", "unhurt"}
    assert {entry.effect for entry in words.scopes} == {"stands", "denied", "asked", "supposed", "over", "quoted"}
