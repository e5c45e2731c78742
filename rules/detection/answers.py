"""Whether a text answers a question with yes or no."""

import re

from rules.detection.fold import fold
from rules.detection.lexicon import Lexicon
from rules.detection.tokens import MARKS, words

# Longer texts that begin with "yes" answer something else as well.
_LONGEST = 60
_MOST_WORDS = 8
_DRAWN_OUT = re.compile(r"(\w)\1{2,}")
_NOTHING_FOLLOWS = "$"


def read_answer(text: str, language: str | None, lexicon: Lexicon) -> str:
    """Say "yes" or "no" for a short text that begins with words that mean so in any of the languages, else nothing."""
    if len(text) > _LONGEST:
        return ""
    said = [_DRAWN_OUT.sub(r"\1", word) for word in words(fold(text), language)]
    while said and said[0] in MARKS:
        del said[0]
    if sum(word not in MARKS for word in said) > _MOST_WORDS:
        return ""
    for length in range(len(said), 0, -1):
        ends = length == len(said) or said[length] in MARKS
        known = tuple(said[:length])
        answer = lexicon.answers.get(known) or (lexicon.answers.get((*known, _NOTHING_FOLLOWS)) if ends else None)
        if answer:
            return answer
    return ""
