"""Hears a call for a human, and danger, in what a user writes: `detect(text, language, lexicon)`.

Pure and deterministic. A text is folded, cut into words, and each word looked up; only where words lead to entries of
the word lists are their patterns tried, and what stands around a match may weaken it.
"""

from rules.detection.answers import read_answer
from rules.detection.build import build
from rules.detection.detect import detect
from rules.detection.findings import Finding, Findings
from rules.detection.lexicon import Lexicon
from rules.detection.plain_replies import is_plain_reply
from rules.detection.wordlist import EFFECTS, KINDS, WordList, WordListEntry, WordListError

__all__ = [
    "EFFECTS",
    "KINDS",
    "Finding",
    "Findings",
    "Lexicon",
    "WordList",
    "WordListEntry",
    "WordListError",
    "build",
    "detect",
    "is_plain_reply",
    "read_answer",
]
