"""Tries the rules that the words of a text lead to."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from rules.detection.lexicon import Index, Lexicon, Rule, WeakeningScope
from rules.detection.tokens import COMMA, QUESTION, SENTENCE, UNKNOWN
from rules.detection.wordlist import STANDS, WordListEntry

# More matches of one entry than this tell nothing new; a text made to waste time stops here.
_MOST_MATCHES = 12
# How many words may stand beside a phrase that is still all that the text says.
_MOST_BESIDE = 4
_MARKS = SENTENCE + QUESTION + COMMA
# How many words before a finding may still weaken it.
_REACH = 16


@dataclass(frozen=True, slots=True)
class Hit:
    """An entry matched the words from `start` to `end`; `weakened` is the effect of a scope, or empty."""

    entry: WordListEntry
    start: int
    end: int
    weakened: str = ""


def hits(codes: str, lexicon: Lexicon) -> Iterator[Hit]:
    """For each entry its first match that nothing weakens, or else its first."""
    found = candidates(codes, lexicon.rules)
    # Exceptions take words away, and so lead to no further rules: hardly any text needs them looked for.
    if found and (plain := _without_exceptions(codes, lexicon)) != codes:
        codes, found = plain, candidates(plain, lexicon.rules)
    for rule in found:
        if hit := _best_hit(rule, codes, lexicon.scopes.get(rule.entry.language, ())):
            yield hit


def says_no_wish(codes: str, lexicon: Lexicon) -> bool:
    """Whether the words are little else than an exception in which people only appear: "am I talking to a human?"."""
    return any(
        [
            _is_all(codes[: match.start()], codes[match.end() :].rstrip(_MARKS))
            for rule in candidates(codes, lexicon.passing)
            for match in rule.regex.finditer(codes)
        ]
    )


def _is_all(before: str, after: str) -> bool:
    """Whether what stands around a phrase adds nothing: a few words, and no further clause behind it."""
    return len(before) + len(after) <= _MOST_BESIDE and not any(mark in after for mark in _MARKS)


@lru_cache(maxsize=2)
def each_once(codes: str) -> Mapping[str, None]:
    """The codes of a text in their order; several indexes are asked about the same text."""
    return dict.fromkeys(codes)


def candidates(codes: str, index: Index) -> list[Rule]:
    """The rules that these codes lead to and that they may match, each once: trying one takes ten times as long."""
    once = each_once(codes)
    if index.keys().isdisjoint(once):
        return []
    present = set(once)
    found: dict[Rule, bool] = {}
    for code in filter(index.__contains__, once):
        for rule, needed in index[code]:
            if not found.get(rule):
                found[rule] = _may_match(needed, present)
    return [rule for rule, may_match in found.items() if may_match]


def _may_match(needed: Iterable[Iterable[frozenset[str]]], present: set[str]) -> bool:
    for pattern in needed:
        for any_of in pattern:
            if present.isdisjoint(any_of):
                break
        else:
            return True
    return False


def _without_exceptions(codes: str, lexicon: Lexicon) -> str:
    """Phrases that only look like danger or a wish become words without meaning."""
    for rule in candidates(codes, lexicon.exceptions):
        codes = rule.regex.sub(lambda match: UNKNOWN * len(match[0]), codes)
    return codes


def _best_hit(rule: Rule, codes: str, scopes: tuple[WeakeningScope, ...]) -> Hit | None:
    first: Hit | None = None
    for count, match in enumerate(rule.regex.finditer(codes)):
        hit = Hit(rule.entry, *match.span(), _find_effect(rule.entry, codes, *match.span(), scopes))
        if not hit.weakened:
            return hit
        first = first or hit
        if count >= _MOST_MATCHES:
            break
    return first


def _find_effect(entry: WordListEntry, codes: str, start: int, end: int, scopes: tuple[WeakeningScope, ...]) -> str:
    """The effect of the first scope that holds here; a finding stands where none does."""
    # What stands before a finding may also stand between its words, unless they are one saying ("not safe").
    places = range(start, start + 1 if entry.whole else end)
    for scope in scopes:
        if entry.kind in scope.entry.kinds and _holds(scope, codes, places, end):
            return "" if scope.entry.effect == STANDS else scope.entry.effect
    return ""


def _holds(scope: WeakeningScope, codes: str, places: range, end: int) -> bool:
    """Whether the words before one of the places, and those after the end, fit."""
    if scope.after and not scope.after.match(codes, end):
        return False
    if not scope.before:
        return True
    begin = _sentence_start(codes, places[0])
    return any(scope.before.search(codes, max(begin, place - _REACH), place) for place in places)


def _sentence_start(codes: str, place: int) -> int:
    return max(codes.rfind(SENTENCE, 0, place), codes.rfind(QUESTION, 0, place)) + 1
