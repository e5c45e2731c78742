"""The ways in which people write one word: other letters for those a keyboard lacks, and slips of the finger."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice, product, takewhile

from rules.detection.fold import fold

_MOST_SPELLINGS = 200
SHORTEST_WITH_SLIPS, SHORTEST_WITH_EXTRA, SHORTEST_WITH_WRONG = 5, 7, 10


def spellings(word: str, renderings: Mapping[str, tuple[str, ...]]) -> frozenset[str]:
    """The folded word, and with its letters written otherwise (`ø` as `oe`, `θ` as `th`)."""
    if not any(part in fold(word) or part in word.lower() for part in renderings):
        return frozenset({fold(word)})
    choices = [renderings.get(part, (part,)) for part in _split(word.lower(), renderings)]
    written = islice(product(*choices), _MOST_SPELLINGS)
    return frozenset({fold(word), *(fold("".join(choice)) for choice in written)})


def _split(word: str, renderings: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    """Cut where a rendering applies, the longest first."""
    plain = "".join(letter if letter in renderings else fold(letter) for letter in word)
    longest, place = max(map(len, renderings), default=0), 0
    while place < len(plain):
        sizes = range(min(longest, len(plain) - place), 0, -1)
        part = next((plain[place : place + size] for size in sizes if plain[place : place + size] in renderings), "")
        yield part or plain[place]
        place += len(part) or 1


def one_slip(word: str, other: str) -> bool:
    """Whether two letters are swapped; in a longer word also one too many or too few, in a long one also a wrong one.

    Other slips make other words too often, above all those in the last letter, which tells forms of one word apart.
    """
    start = _shared(zip(word, other, strict=False))
    end = _shared(zip(reversed(word[start:]), reversed(other[start:]), strict=False))
    rest, other_rest = word[start : len(word) - end], other[start : len(other) - end]
    if len(rest) == len(other_rest) == 2:
        return rest == other_rest[::-1]
    if len(rest) == len(other_rest):
        return bool(end) and len(rest) == 1 and len(word) >= SHORTEST_WITH_WRONG
    return bool(end) and len(rest) + len(other_rest) == 1 and len(word) >= SHORTEST_WITH_EXTRA


def _shared(pairs: Iterable[tuple[str, str]]) -> int:
    """How many pairs are equal before the first that is not."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def shortened(word: str) -> Iterator[str]:
    """The word without one of its letters, the first excepted: hardly anybody gets the first wrong."""
    yield word
    for place in range(1, len(word)):
        yield word[:place] + word[place + 1 :]


def slips(words: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """From each shortened form to the words that it may come from."""
    found: dict[str, tuple[str, ...]] = {}
    for word in words:
        # Nearly all forms come from one word: they share its tuple, which halves the memory of the lists.
        alone = (word,)
        for short in dict.fromkeys(shortened(word)):
            found[short] = found[short] + alone if short in found else alone
    return found
