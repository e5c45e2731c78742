"""No rule is passed over that matches: what it requires stands in every text that it matches."""

from functools import lru_cache
from itertools import chain

import pytest

from config.lexicon import FOLDER, load_lexicon, read
from rules.detection.detect import codes_of
from rules.detection.lexicon import Rule
from rules.detection.match import candidates
from tests.rules.detection.test_challenge import LANGUAGES, cases

LISTS = {words.language: words for words in (read(path) for path in sorted(FOLDER.glob("*.toml")))}


@lru_cache(maxsize=1)
def all_rules() -> list[Rule]:
    lexicon = load_lexicon()
    leads = chain(*lexicon.rules.values(), *lexicon.exceptions.values())
    return list(dict.fromkeys(lead.rule for lead in leads))


def tried(codes: str) -> list[Rule]:
    lexicon = load_lexicon()
    return [*candidates(codes, lexicon.rules), *candidates(codes, lexicon.exceptions)]


def texts_of(language: str) -> list[str]:
    entries = chain(LISTS[language].entries, LISTS[language].exceptions)
    return [*chain.from_iterable(entry.match for entry in entries), *(text for _, text in cases(language))]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_rule_that_matches_is_tried(language: str) -> None:
    matched = 0
    for text in texts_of(language):
        codes = codes_of(text, language, load_lexicon())
        matching = [rule for rule in all_rules() if rule.regex.search(codes)]
        assert [rule.entry.id for rule in matching if rule not in tried(codes)] == []
        matched += len(matching)
    assert matched > len(LISTS[language].entries)


def test_most_rules_need_not_be_tried_on_a_text() -> None:
    codes = codes_of("the pump runs but the pressure stays low", "en", load_lexicon())
    assert len(tried(codes)) < len(all_rules()) / 20


def test_a_rule_is_tried_once_though_several_words_lead_to_it() -> None:
    codes = codes_of("fire fire smoke fire, the engine burns and smokes", "en", load_lexicon())
    assert len(tried(codes)) == len(set(tried(codes))) > 1
