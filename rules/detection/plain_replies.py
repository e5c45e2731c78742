"""Whether a text is nothing but a greeting, thanks or a usual answer about the machine."""

from rules.detection.fold import fold
from rules.detection.lexicon import Lexicon
from rules.detection.tokens import MARKS, QUESTION, words

_LONGEST = 60
_MOST_WORDS_OF_ONE = 5


def is_plain_reply(text: str, lexicon: Lexicon) -> bool:
    """Whether the text only greets, thanks or answers in the usual words ("hola", "ok, done", "rojo").

    A question does more: "Hello?" may call for somebody.
    """
    if len(text) > _LONGEST:
        return False
    said = words(fold(text), None)
    if any(MARKS.get(word) == QUESTION for word in said):
        return False
    left = [word for word in said if word not in MARKS]
    known = bool(left)
    while left and known:
        sizes = range(_MOST_WORDS_OF_ONE, 0, -1)
        taken = next((size for size in sizes if tuple(left[:size]) in lexicon.plain_replies), 0)
        known = taken > 0
        del left[:taken]
    return known
