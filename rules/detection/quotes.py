"""Which parts of a text are somebody else's words."""

import re
from dataclasses import replace

from rules.detection.fold import fold
from rules.detection.match import Hit

_QUOTED = re.compile(r"\"[^\"\n]{3,}\"|«[^»\n]{3,}»|[“„][^”“\n]{3,}[”“]|^[ \t]*>[^\n]*", re.MULTILINE)


def quoted(text: str) -> list[tuple[int, int]]:
    """Places in the folded text. A text that is in quotation marks as a whole quotes nobody."""
    folded = fold(text)
    whole = len(folded.strip())
    return [match.span() for match in _QUOTED.finditer(folded) if len(match[0]) < whole]


def unless_quoted(hit: Hit, place: tuple[int, int], inside: list[tuple[int, int]]) -> Hit:
    if hit.weakened or not any(start <= place[0] < end for start, end in inside):
        return hit
    return replace(hit, weakened="quoted")
