"""Turns the patterns of an entry into a regular expression over codes, and finds the words that give it away."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache

from rules.detection.alphabet import Alphabet
from rules.detection.lexicon import Lead, Rule, WeakeningScope
from rules.detection.pattern import Element
from rules.detection.vocabulary import Phrase, Spec, Vocabulary
from rules.detection.wordlist import WordListEntry, WordListError

_EDGES = {"^": r"(?<![^.?,])", "$": r"(?![^.?,])", "?": r"\?"}
_GAPS = {"~": "[^.?,]", "~~": "[^.?]"}
SHORT_WORD, SHORT_WORD_COST, FUNCTION_WORD_COST = 3, 5, 100


class Compiler:
    """Knows the codes of all words."""

    def __init__(self, vocabulary: Vocabulary, alphabet: Alphabet) -> None:
        self.vocabulary, self.alphabet = vocabulary, alphabet
        self.known_sets: dict[frozenset[str], frozenset[str]] = {}
        self.cost = cache(self._cost)

    def rule(self, entry: WordListEntry) -> Rule:
        regex = re.compile(
            "|".join(self.sequence(entry, self.vocabulary.parsed(entry, text)) for text in entry.patterns)
        )
        return Rule(_meaning(entry), regex)

    def scopes(self, entry: WordListEntry) -> Iterator[WeakeningScope]:
        meaning = _meaning(entry)
        for text in entry.patterns:
            elements = self.vocabulary.parsed(entry, text)
            marks = [place for place, element in enumerate(elements) if element.mark == "@"]
            if len(marks) != 1:
                raise WordListError(entry.language, entry.id, f"{text!r}: should have one @, where the finding stands")
            before, after = elements[: marks[0]], elements[marks[0] + 1 :]
            yield WeakeningScope(
                meaning,
                re.compile(f"(?:{self.sequence(entry, before)})\\Z") if before else None,
                re.compile(self.sequence(entry, after)) if after else None,
            )

    def sequence(self, entry: WordListEntry, elements: Sequence[Element]) -> str:
        return "".join(self.element(entry, element) for element in elements)

    def element(self, entry: WordListEntry, element: Element) -> str:
        if element.mark in _GAPS:
            return f"{_GAPS[element.mark]}{{0,{element.most}}}?"
        if element.mark:
            return _EDGES[element.mark]
        words = self.alternatives(self.phrases(entry, element))
        return words if element.least == element.most == 1 else f"{words}{{{element.least},{element.most}}}"

    def phrases(self, entry: WordListEntry, element: Element) -> list[Phrase]:
        return [phrase for atom in element.atoms for phrase in self.vocabulary.phrases(entry.language, atom)]

    def alternatives(self, phrases: Iterable[Phrase]) -> str:
        """Any of the phrases, the longest first."""
        several = sorted((phrase for phrase in phrases if len(phrase) > 1), key=len, reverse=True)
        single = {code for phrase in phrases if len(phrase) == 1 for code in self.alphabet.codes[phrase[0]]}
        options = ["".join(self.letters(self.alphabet.codes[spec]) for spec in phrase) for phrase in several]
        return "(?:" + "|".join([*options, *([self.letters(single)] if single else [])]) + ")"

    def letters(self, codes: Iterable[str]) -> str:
        return f"[{''.join(sorted(codes))}]"

    def leads(self, entry: WordListEntry, rule: Rule) -> dict[str, Lead]:
        """By the codes of the rarest element of each pattern: one of them stands in every text that it matches."""
        needed: defaultdict[str, list[tuple[frozenset[str], ...]]] = defaultdict(list)
        for text in entry.patterns:
            first, *others = self.required(entry, text)
            for code in first:
                needed[code].append(tuple(others))
        # Most codes of a rule need the same, and have it in memory once.
        known: dict[tuple[tuple[frozenset[str], ...], ...], Lead] = {}
        return {
            code: known.setdefault(key, Lead(rule, key))
            for code, key in ((code, tuple(dict.fromkeys(patterns))) for code, patterns in needed.items())
        }

    def required(self, entry: WordListEntry, text: str) -> tuple[frozenset[str], ...]:
        """For each element of a pattern that must be there, the codes that show it: the rarest elements first."""
        elements = [element for element in self.vocabulary.parsed(entry, text) if element.atoms and element.least]
        telling = sorted((self.telling(self.phrases(entry, element)) for element in elements), key=self.commonness)
        if all(self.vocabulary.function.issuperset(specs) for specs in telling):
            raise WordListError(entry.language, entry.id, f"{text!r}: should have a word that is no function word")
        found = (frozenset(code for spec in specs for code in self.alphabet.codes[spec]) for specs in telling)
        # Classes stand in many patterns, and their codes in memory once.
        return tuple(self.known_sets.setdefault(codes, codes) for codes in found)

    def telling(self, phrases: Iterable[Phrase]) -> list[Spec]:
        """The rarest word of each phrase; of equally rare ones the last."""
        return [min(reversed(phrase), key=self.cost) for phrase in phrases]

    def commonness(self, specs: Sequence[Spec]) -> int:
        return sum(map(self.cost, specs))

    def _cost(self, spec: Spec) -> int:
        """How often a word leads to a pattern in vain: function words stand in every text, short words in many."""
        if spec in self.vocabulary.function:
            return FUNCTION_WORD_COST
        return SHORT_WORD_COST if len(spec.word) <= SHORT_WORD else 1


def _meaning(entry: WordListEntry) -> WordListEntry:
    """What a match means, without the entry's words and examples: they are a megabyte, and nobody reads them again."""
    return replace(entry, patterns=(), match=(), no_match=())
