"""From a text to its findings."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import cast

from rules.detection.findings import REQUEST, SAFETY, Finding, Findings
from rules.detection.fold import fold
from rules.detection.lexicon import Lexicon
from rules.detection.match import Hit, hits, says_no_wish
from rules.detection.quotes import quoted, unless_quoted
from rules.detection.tokens import ExaminedText, excerpt, spans, words
from rules.detection.wordlist import EFFECTS

_NOTHING, _ONLY_IN_PASSING = Findings(), Findings(no_wish=True)
# What may stand between clauses, and is no part of a word such as "smoke-free", "fire/gas" or an address.
_MARK = r"[^\w\s'’`´@#&%/*+=-]|\n"
_CLAUSE_BEGINS = re.compile(rf"(?:\A|{_MARK})\s*\Z")
_CLAUSE_ENDS = re.compile(rf"\s*(?:\Z|(?![?؟;])(?:{_MARK}))")


def detect(text: str, language: str | None, lexicon: Lexicon) -> Findings:
    """What a text says of danger and of a wish for a human.

    `language` is what the session is in: a hint that decides between entries of several languages, never a filter. Of a
    text over 4,000 characters only the first 3,000 and the last 1,000 are examined.
    """
    part = excerpt(text)
    codes = codes_of(part.text, language, lexicon)
    found = heard(codes, language, lexicon)
    no_wish = says_no_wish(codes, lexicon)
    if not found:
        return _ONLY_IN_PASSING if no_wish else _NOTHING
    told = tuple(_with_doubt(list(_make_findings(found, part, text, language)), text))
    return Findings(told, _how_hurt(found), no_wish)


def codes_of(text: str, language: str | None, lexicon: Lexicon) -> str:
    """A letter for each word and mark of a text."""
    known = [*map(lexicon.stretches.__getitem__, text.split(" "))]
    return "".join(map(lexicon.code, words(fold(text), language)) if None in known else cast("list[str]", known))


def heard(codes: str, language: str | None, lexicon: Lexicon) -> list[Hit]:
    """Every entry that matches, before those that overlap become one."""
    return [hit for hit in hits(codes, lexicon) if not _is_everyday_elsewhere(hit, codes, language, lexicon)]


def _is_everyday_elsewhere(hit: Hit, codes: str, language: str | None, lexicon: Lexicon) -> bool:
    """Whether a lone word is an everyday one in the language of the text: "os" is smoke in Norwegian, Spanish "you"."""
    elsewhere = lexicon.everyday.get(codes[hit.start : hit.end], frozenset()) - {hit.entry.language}
    if not elsewhere:
        return False
    others = codes[: hit.start] + codes[hit.end :]
    spoken = Counter(chain.from_iterable(lexicon.everyday.get(code, ()) for code in others))
    own = spoken[hit.entry.language], hit.entry.language == language
    return any((spoken[other], other == language) > own for other in elsewhere)


def _make_findings(found: Sequence[Hit], part: ExaminedText, text: str, language: str | None) -> Iterator[Finding]:
    """Hits of one kind that overlap are one finding."""
    stretches, inside, hurt = spans(part.text), quoted(part.text), _how_hurt(found)
    marked = (unless_quoted(hit, stretches[hit.start], inside) for hit in found if hit.entry.kind in (SAFETY, REQUEST))
    chosen = sorted(
        _distinct(sorted(marked, key=lambda hit: _importance(hit, language))), key=lambda hit: _gravity(hit, language)
    )
    places = part.places((stretches[hit.start][0], stretches[hit.end - 1][1]) for hit in chosen)
    for hit, (start, end) in zip(chosen, places, strict=True):
        yield _make_finding(hit, text[start:end], start, end, hurt)


def _with_doubt(found: Sequence[Finding], text: str) -> Iterator[Finding]:
    """Mark a report of danger that rests on one hit, when that is a lone word among others or stands in a question.

    Measured on texts of many authors: such a hit is right two times of three, two hits or a phrase nine of ten.
    """
    dangers = [each for each in found if each.kind == SAFETY and each.fires]
    for each in found:
        alone = len(dangers) == 1 and each is dangers[0]
        yield replace(each, doubtful=True) if alone and _is_doubtful(each, text) else each


def _is_doubtful(found: Finding, text: str) -> bool:
    if len(found.phrase.split()) == 1:
        return not _is_cry(text[: found.start], text[found.end :])
    return any(mark in text for mark in "?؟;")


def _is_cry(before: str, after: str) -> bool:
    """Whether nothing but marks stands around a word: "Fire! What now?" is an alarm, whatever else is said."""
    return bool(_CLAUSE_BEGINS.search(before) and _CLAUSE_ENDS.match(after))


def _make_finding(hit: Hit, phrase: str, start: int, end: int, hurt: str) -> Finding:
    entry = hit.entry
    return Finding(
        kind=entry.kind,
        phrase=phrase,
        start=start,
        end=end,
        reason=f"{entry.gloss}, {EFFECTS[hit.weakened]}" if hit.weakened else entry.gloss,
        gloss=entry.gloss,
        language=entry.language,
        strength="weak" if hit.weakened else "strong",
        entry=entry.id,
        hurt=hurt if entry.kind == SAFETY else "unknown",
    )


def _importance(hit: Hit, language: str | None) -> tuple[bool, bool, bool, int, int, str]:
    """Firing before weak, hurt people before others, the language of the session before others, then the longest."""
    foreign = language is not None and hit.entry.language != language
    return bool(hit.weakened), not hit.entry.hurt, foreign, hit.start - hit.end, hit.start, hit.entry.id


def _gravity(hit: Hit, language: str | None) -> tuple[bool, bool, bool, int]:
    """What comes first among findings that do not overlap: fire before smoke, and smoke before a smell."""
    weakened, unhurt, foreign, *_ = _importance(hit, language)
    return weakened, unhurt, foreign, -hit.entry.gravity


def _distinct(found: Iterable[Hit]) -> Iterator[Hit]:
    taken: list[Hit] = []
    for hit in found:
        if not any(_overlap(hit, other) for other in taken):
            taken.append(hit)
            yield hit


def _overlap(hit: Hit, other: Hit) -> bool:
    return hit.entry.kind == other.entry.kind and hit.start < other.end and other.start < hit.end


def _how_hurt(found: Sequence[Hit]) -> str:
    """Whether the text says that somebody is hurt, that nobody is, or neither."""
    if any(hit.entry.hurt and not hit.weakened for hit in found):
        return "said"
    denied = any(hit.entry.kind == "unhurt" or (hit.entry.hurt and hit.weakened == "denied") for hit in found)
    return "denied" if denied else "unknown"
