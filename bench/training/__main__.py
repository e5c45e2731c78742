"""`make train-detection`: trains the second ear from the texts here and writes its weights.

The same texts, versions and machine give the same weights.
"""

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from bench.training.embeddings import embeddings
from bench.training.fit import Examples, Numbers, by_author, combine, combined, fit, pieces_matrix
from bench.training.texts import TRAINING, LabelledLine, read_lines, read_tested_texts, with_cross_negatives
from bench.training.weights import FittedKind, chosen, meanings_of, write
from config.lexicon import load_lexicon
from rules.detection import detect
from rules.triggers import KIND_REASON
from services.listening.classifier import WEIGHTS, centered
from services.listening.known_texts import KINDS

# Held out to learn how the model does on what another author writes.
AUTHORS = ("third", "fifth")
# How often an ordinary line of another field counts (docs/detection.md, "How it was trained").
_ORDINARY = {"handoff": 8, "danger": 1}
LANGUAGES = ("en", "el", "ar", "es", "tr", "no")
_NETWORKS = 3
console = Console(width=160)


def main() -> None:
    tested = read_tested_texts()
    lines = [line for line in with_cross_negatives(read_lines(TRAINING)) if line.text not in tested]
    vectors = embeddings([line.text for line in lines])
    mean: NDArray[np.float32] = vectors.mean(axis=0).astype(np.float16).astype(np.float32)
    console.print(f"{len(lines)} labelled lines")
    moved = centered(vectors, mean)
    with ProcessPoolExecutor(len(KINDS)) as pool:
        running = {kind: pool.submit(train, kind, lines, moved) for kind in KINDS}
        fitted = {kind: each.result() for kind, each in running.items()}
    console.print(f"model {write(WEIGHTS, mean, fitted)}: {WEIGHTS} ({WEIGHTS.stat().st_size / 1e6:.1f} MB)")


def train(kind: str, lines: Sequence[LabelledLine], vectors: NDArray[np.float32]) -> FittedKind:
    """Fit one kind and print how it does on authors that it has not seen."""
    of_kind = np.array([line.kind == kind for line in lines])
    mine = [line for line in lines if line.kind == kind]
    examples = examples_of(kind, mine, vectors[of_kind])
    logits = by_author(examples, AUTHORS, _ORDINARY[kind])
    known = ~np.isnan(logits[:, 0])
    heard = [state for state, taken in zip(examples.heard, known, strict=True) if taken]
    combination = combine(logits[known], heard, examples.labels[known])
    show(kind, [line for line, taken in zip(mine, known, strict=True) if taken],
         combined(logits[known], heard, combination), heard)  # fmt: skip
    positive = [place for place, line in enumerate(mine) if line.label]
    meanings = meanings_of([mine[place] for place in positive], examples.vectors[positive], kind, load_lexicon())
    shown = chosen([mine[place] for place in positive])
    return FittedKind(
        model=fit(examples, _NETWORKS, _ORDINARY[kind]),
        combination=combination,
        known=[mine[positive[place]] for place in shown],
        known_vectors=examples.vectors[[positive[place] for place in shown]],
        meanings=[meanings[place] for place in shown],
    )


def examples_of(kind: str, lines: Sequence[LabelledLine], vectors: NDArray[np.float32]) -> Examples:
    lexicon = load_lexicon()
    return Examples(
        vectors=vectors,
        pieces=pieces_matrix([line.text for line in lines]),
        heard=[detect(line.text, line.language, lexicon).heard(KIND_REASON[kind]) for line in lines],
        labels=np.array([line.label for line in lines]),
        authors=np.array([line.author for line in lines]),
    )


def show(kind: str, lines: Sequence[LabelledLine], scores: Numbers, heard: Sequence[str]) -> None:
    """Precision and recall of both ears, by author and language, at some thresholds; each author unseen."""
    labels = np.array([line.label for line in lines], dtype=bool)
    sure = np.array([state == "sure" for state in heard])
    groups = [("all", np.ones(len(lines), dtype=bool))]
    groups += [(name, np.array([line.author.startswith(name) for line in lines])) for name in AUTHORS]
    groups += [(name, np.array([line.language == name for line in lines])) for name in LANGUAGES]
    thresholds = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7)
    table = Table(kind, *map(str, thresholds))
    for name, chosen_lines in groups:
        table.add_row(name, *(figures(labels[chosen_lines], (sure | (scores > at))[chosen_lines]) for at in thresholds))
    console.print(table)


def figures(labels: NDArray[np.bool_], found: NDArray[np.bool_]) -> str:
    right = int((labels & found).sum())
    return f"{right / max(int(found.sum()), 1):.3f}/{right / max(int(labels.sum()), 1):.3f}"


if __name__ == "__main__":
    main()
