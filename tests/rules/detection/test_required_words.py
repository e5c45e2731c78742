"""No rule is passed over that matches: what it requires stands in every text that it matches."""

from functools import lru_cache
from itertools import chain

import pytest

from config.lexicon import FOLDER, load_lexicon, read
from rules.detection.fold import fold
from rules.detection.lexicon import Rule
from rules.detection.tokens import words
from tests.rules.detection.test_challenge import LANGUAGES, cases

LISTS = {words.language: words for words in (read(path) for path in sorted(FOLDER.glob("*.toml")))}


@lru_cache(maxsize=1)
def all_rules() -> list[Rule]:
    lexicon = load_lexicon()
    every = chain(chain.from_iterable(lexicon.rules.values()), chain.from_iterable(lexicon.exceptions.values()))
    return list({id(rule): rule for rule in every}.values())


def texts_of(language: str) -> list[str]:
    entries = chain(LISTS[language].entries, LISTS[language].exceptions)
    return [*chain.from_iterable(entry.match for entry in entries), *(text for _, text in cases(language))]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_rule_that_matches_is_tried(language: str) -> None:
    code, matched = load_lexicon().code, 0
    for text in texts_of(language):
        codes = "".join(map(code, words(fold(text), language)))
        matching = [rule for rule in all_rules() if rule.regex.search(codes)]
        assert [rule.entry.id for rule in matching if not rule.may_match(set(codes))] == []
        matched += len(matching)
    assert matched > len(LISTS[language].entries)


def test_most_rules_need_not_be_tried_on_a_text() -> None:
    codes = set(map(load_lexicon().code, words(fold("the pump runs but the pressure stays low"), "en")))
    assert sum(rule.may_match(codes) for rule in all_rules()) < len(all_rules()) / 20
