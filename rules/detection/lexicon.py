"""The word lists of all languages, ready for use: which code a word has, and which rules a code may lead to."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from rules.detection.spelling import SHORTEST_WITH_SLIPS, one_slip, shortened
from rules.detection.tokens import UNKNOWN, words_alone
from rules.detection.wordlist import WordListEntry

STEM_KEY = 3
_LONGEST_WORD = 32
_REMEMBERED_WORDS, _REMEMBERED_STRETCHES = 20_000, 30_000
_LONG_DRAWN = re.compile(r"(.)\1{2,}")


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """An entry and its patterns, as a regular expression over the codes of the words."""

    entry: WordListEntry
    regex: re.Pattern[str]


class Lead(NamedTuple):
    """A rule that a code may lead to.

    `needed`: of each of its patterns that begin with this code, sets of codes; a text can match the pattern only if it
    has at least one code of every set.
    """

    rule: Rule
    needed: tuple[tuple[frozenset[str], ...], ...]


# The rules that each code may lead to.
Index = Mapping[str, tuple[Lead, ...]]


@dataclass(frozen=True, slots=True)
class WeakeningScope:
    """What weakens a finding: what must stand before it and what after it."""

    entry: WordListEntry
    before: re.Pattern[str] | None
    after: re.Pattern[str] | None


class Stretches(dict[str, str | None]):
    """The codes of what stands between two spaces of a text, by what stands there as it is typed.

    None where they depend on what stands beyond (`words_alone`). The usual ones are remembered: people write the same
    few thousand, and so a text is neither folded nor cut into words.
    """

    def __init__(self, code: Callable[[str], str]) -> None:
        self._code = code

    def __missing__(self, stretch: str) -> str | None:
        found = words_alone(stretch)
        codes = None if found is None else "".join(map(self._code, found))
        if len(stretch) <= _LONGEST_WORD:
            if len(self) >= _REMEMBERED_STRETCHES:
                self.clear()
            self[stretch] = codes
        return codes


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Lexicon:
    """Everything that `detect` knows; `code` gives a folded word the letter that stands for all it may mean.

    `stretches` has those letters for what stands between two spaces.
    `answers` has "yes" or "no" for the folded words of an answer; a `$` behind them means that nothing may follow.
    `plain_replies` are the folded words of greetings, thanks and usual answers.
    `passing` are the exceptions in which people only appear (`no_wish`). `everyday` says in which languages a code
    stands for a function word.
    """

    code: Callable[[str], str]
    stretches: Stretches
    rules: Index
    exceptions: Index
    passing: Index
    scopes: Mapping[str, tuple[WeakeningScope, ...]]
    answers: Mapping[tuple[str, ...], str]
    plain_replies: frozenset[tuple[str, ...]]
    everyday: Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Coder:
    """The known words and how to find them in what people write."""

    words: Mapping[str, str]
    stems: Mapping[str, tuple[tuple[str, str], ...]]
    slips: Mapping[str, tuple[str, ...]]
    proclitics: tuple[str, ...]

    def remembering(self) -> Callable[[str], str]:
        """`code`, quick for the words that it has seen: people use the same few thousand."""
        return lru_cache(maxsize=_REMEMBERED_WORDS)(self.code)

    def code(self, word: str) -> str:
        """The code of a folded word or mark."""
        if len(word) > _LONGEST_WORD:
            return UNKNOWN
        if code := self.words.get(word):
            return code
        for stem, code in self.stems.get(word[:STEM_KEY], ()):
            if word.startswith(stem):
                return code
        return self.unusual(word)

    def unusual(self, word: str) -> str:
        """The code of a word that is not written as in the lists: drawn out, with an article in front, with a slip."""
        if _LONG_DRAWN.search(word):
            word = _LONG_DRAWN.sub(r"\1", word)
            return self.code(word)
        if word.startswith(self.proclitics):
            code = self.without_proclitic(word)
            if code != UNKNOWN:
                return code
        return self.slipped(word) if len(word) >= SHORTEST_WITH_SLIPS else UNKNOWN

    def without_proclitic(self, word: str) -> str:
        """Arabic writes the article and short words together with the word that follows."""
        for proclitic in self.proclitics:
            rest = word.removeprefix(proclitic)
            if len(rest) < len(word) and len(rest) >= STEM_KEY:
                if code := self.words.get(rest):
                    return code
                for stem, code in self.stems.get(rest[:STEM_KEY], ()):
                    if rest.startswith(stem):
                        return code
        return UNKNOWN

    def slipped(self, word: str) -> str:
        for short in shortened(word):
            for origin in self.slips.get(short, ()):
                if one_slip(word, origin):
                    return self.words[origin]
        return UNKNOWN
