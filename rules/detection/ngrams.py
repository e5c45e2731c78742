"""Cuts a text into the pieces that the second ear counts: parts of words, words, and two or three words in a row."""

import re
import zlib
from collections.abc import Iterator

from rules.detection.fold import fold
from rules.detection.tokens import excerpt

SHORTEST, LONGEST = 3, 6
_MOST_WORDS = 3
_WORD = re.compile(r"\w+|[?!؟;]")


def hashed_pieces(text: str, size: int) -> list[int]:
    """The places, below `size`, of a text's pieces; each once, in order."""
    return sorted({zlib.crc32(piece.encode("utf-8", "replace")) % size for piece in pieces(text)})


def pieces(text: str) -> Iterator[str]:
    """Letters in a row within a word and its edges, and words in a row; what folds alike is alike."""
    words = _WORD.findall(fold(excerpt(text).text))
    for word in words:
        padded = f" {word} "
        yield from (
            padded[start : start + size]
            for size in range(SHORTEST, LONGEST + 1)
            for start in range(max(1, len(padded) - size + 1))
        )
    for count in range(1, _MOST_WORDS + 1):
        yield from (f"{count}:{' '.join(words[start : start + count])}" for start in range(len(words) - count + 1))
