"""Whether a text is nothing but a greeting or thanks."""

from rules.detection.fold import fold
from rules.detection.lexicon import Lexicon
from rules.detection.tokens import MARKS, QUESTION, words

_LONGEST = 60
_MOST_WORDS_OF_ONE = 5


def only_greets(text: str, lexicon: Lexicon) -> bool:
    """Whether the text only greets or thanks, in any of the languages. "Hello?" does not: it may call for somebody."""
    if len(text) > _LONGEST:
        return False
    said = words(fold(text), None)
    if any(MARKS.get(word) == QUESTION for word in said):
        return False
    left = [word for word in said if word not in MARKS]
    greets = bool(left)
    while left and greets:
        sizes = range(_MOST_WORDS_OF_ONE, 0, -1)
        taken = next((size for size in sizes if tuple(left[:size]) in lexicon.courtesies), 0)
        greets = taken > 0
        del left[:taken]
    return greets
