"""Cuts a folded text into words and marks."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from typing import NamedTuple
from unicodedata import combining

from rules.detection.fold import fold, offsets

# What is examined of a long text: its beginning and its end. Nobody calls for help in the middle of 4,000 characters.
HEAD = 3_000
TAIL = 1_000
_TOKEN = re.compile(
    r"[^\W_]+"
    r"|\.(?!\d)|[!?؟;؛:,،\n()\[\]\"«»“”„/–—>]|(?<=\s)-(?=\s)"
    r"|[\u2600-\u27bf\U0001f000-\U0001faff]"
)
SENTENCE, QUESTION, COMMA, UNKNOWN = ".", "?", ",", "x"
MARKS = dict.fromkeys(".!;؛\n>", SENTENCE) | dict.fromkeys("?؟", QUESTION) | dict.fromkeys(':,،()[]"«»“”„/–—-', COMMA)
_GREEK = re.compile("[\u0370-\u03ff]")


class ExaminedText(NamedTuple):
    """The part of a text that is examined.

    `skipped`: what to add to a place in its second half to get the place in the original text.
    """

    text: str
    skipped: int

    def places(self, spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
        """From places in the folded excerpt to places in the original text."""
        starts = offsets(self.text)
        for start, end in spans:
            first = bisect_right(starts, start) - 1
            yield self.original(first), self.original(self.after_marks(bisect_left(starts, end, first)))

    def after_marks(self, place: int) -> int:
        """Behind the accents and vowel signs of the letter before this place."""
        while combining(self.text[place : place + 1] or " "):
            place += 1
        return place

    def original(self, place: int) -> int:
        return place + self.skipped if place > HEAD else place


def excerpt(text: str) -> ExaminedText:
    if len(text) <= HEAD + TAIL:
        return ExaminedText(text, 0)
    return ExaminedText(f"{text[:HEAD]}\n{text[-TAIL:]}", len(text) - HEAD - TAIL - 1)


def words(folded: str, language: str | None) -> list[str]:
    """The words and marks of a folded text. A semicolon asks a question in Greek."""
    found = _TOKEN.findall(folded)
    if ";" in found and (language == "el" or _GREEK.search(folded)):
        return ["?" if word == ";" else word for word in found]
    return found


def words_alone(stretch: str) -> list[str] | None:
    """The words and marks of what stands between two spaces of a text; None where what stands beyond decides.

    That is so of a semicolon, and of a dash with nothing beside it.
    """
    folded = fold(stretch)
    found = _TOKEN.findall(folded)
    return None if ";" in found or found != _TOKEN.findall(f" {folded} ") else found


def spans(text: str) -> list[tuple[int, int]]:
    """Where each of the words stands in the folded text."""
    return [match.span() for match in _TOKEN.finditer(fold(text))]
