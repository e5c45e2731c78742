"""Text from outside made harmless to show: control characters and direction overrides go, the words stay."""

import re
import unicodedata
from functools import lru_cache
from typing import Final

# XML 1.0, production 2 (Char), without the C1 controls; then the embeddings, overrides and isolates of UAX #9,
# which could turn what follows around.
_UNSHOWABLE: Final = re.compile(
    "[^\t\n\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|[\u202a-\u202e\u2066-\u2069]"
)
_LINE_ENDS: Final = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_MARKS: Final = re.compile("[\u200e\u200f\u061c\u200b\ufeff]")
# Of ASCII only letters have a direction.
_LETTER: Final = re.compile("[A-Za-z]|[^\x00-\x7f]")
_RIGHT_TO_LEFT: Final = frozenset({"R", "AL"})
RIGHT_TO_LEFT_LANGUAGES: Final = frozenset({"ar"})
FIRST_STRONG, ISOLATE_END = "\u2068", "\u2069"


def clean(text: str) -> str:
    """The text without characters that cannot be shown; lines end with a newline."""
    if text.isprintable():
        # Most texts are, and asking is a tenth of the work. Newlines are not printable.
        return text
    return _UNSHOWABLE.sub("", _LINE_ENDS.sub("\n", text)).strip("\n")


# The same few names, places and labels stand in most mails.
@lru_cache(maxsize=256)
def one_line(text: str | None) -> str:
    """The text as one line without direction marks: for names, subjects and header values."""
    if not text:
        return ""
    return " ".join((text if text.isprintable() else _MARKS.sub("", clean(text))).split())


def cut(text: str, limit: int) -> str:
    """At most `limit` characters; an ellipsis shows where it was cut."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def direction(text: str) -> str:
    """`rtl` or `ltr`, by the first letter that has a direction (UAX #9, rules P2 and P3)."""
    found = _LETTER.search(text)
    if found is None or found.group().isascii():
        return "ltr"
    strong = next((kind for kind in map(unicodedata.bidirectional, text) if kind in {"L", "R", "AL"}), "L")
    return "rtl" if strong in _RIGHT_TO_LEFT else "ltr"


def isolated(text: str, language: str) -> str:
    """Words that keep together, whatever stands beside them in a right-to-left text (UAX #9, isolates)."""
    return f"{FIRST_STRONG}{text}{ISOLATE_END}" if language in RIGHT_TO_LEFT_LANGUAGES else text
