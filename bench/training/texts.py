"""The labelled texts: our own, by several authors, and a few public ones whose licences allow it."""

import json
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from rules.detection.ngrams import pieces

FOLDER = Path(__file__).with_name("corpus")
TRAINING, TEST = FOLDER / "training.jsonl", FOLDER / "test.jsonl"
# By another author each, who had seen nothing of the project.
SEALED_PARTS = [
    FOLDER / f"sealed{number}.bin"
    for number in ("", "_second", "_third", "_fourth", "_fifth", "_sixth", "_seventh", "_eighth")
]
# Texts that share this much of their pieces are one text, written twice.
_NEARLY_THE_SAME = 0.8


@dataclass(frozen=True, slots=True)
class LabelledLine:
    """A text with its label for one kind (handoff or danger); `author` names who wrote it, or the public source."""

    text: str
    language: str
    kind: str
    label: int
    author: str


def read_lines(path: Path) -> list[LabelledLine]:
    """The lines of a file: `text`, `lang`, `kind`, `label`, `author`."""
    with path.open(encoding="utf-8") as lines:
        rows = map(json.loads, lines)
        return [LabelledLine(row["text"], row["lang"], row["kind"], row["label"], row["author"]) for row in rows]


def read_sealed(path: Path) -> list[LabelledLine]:
    """Lines of other authors, compressed, so that nobody reads or tunes on them by accident."""
    rows = map(json.loads, zlib.decompress(path.read_bytes()).decode().splitlines())
    return [LabelledLine(row["text"], row["lang"], row["kind"], row["label"], path.stem) for row in rows]


def read_tested_texts() -> "NearDuplicates":
    """What may not be trained on."""
    sealed = (line for path in SEALED_PARTS for line in read_sealed(path))
    return NearDuplicates(line.text for line in (*read_lines(TEST), *sealed))


def with_cross_negatives(lines: Iterable[LabelledLine]) -> Iterator[LabelledLine]:
    """Each line, and each wish as no danger and each danger as no wish, unless the same text is labelled for both."""
    kept = {(line.text, line.kind): line for line in lines}
    yield from kept.values()
    for line in list(kept.values()):
        other = "danger" if line.kind == "handoff" else "handoff"
        if line.label and (line.text, other) not in kept:
            yield LabelledLine(line.text, line.language, other, 0, line.author)


class NearDuplicates:
    """Finds texts that are nearly the same as one of some texts, by the pieces of words that they share."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._known = [frozenset(pieces(text)) for text in texts]
        self._places: dict[str, list[int]] = {}
        for place, known in enumerate(self._known):
            for piece in known:
                self._places.setdefault(piece, []).append(place)

    def __contains__(self, text: str) -> bool:
        own = frozenset(pieces(text))
        shared: dict[int, int] = {}
        for piece in own:
            for place in self._places.get(piece, ()):
                shared[place] = shared.get(place, 0) + 1
        return any(
            count / len(own | self._known[place]) >= _NEARLY_THE_SAME
            for place, count in shared.items()
            if count >= _NEARLY_THE_SAME * len(own)
        )
