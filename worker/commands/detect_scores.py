"""How well was heard: counts, and the figures and tables made of them."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rich.markup import escape
from rich.table import Table


@dataclass(slots=True)
class Score:
    """Counts of what was heard: rightly, wrongly, not; and rightly not."""

    counts: Counter[tuple[bool, bool]] = field(default_factory=Counter)

    def add(self, wanted: bool, heard: bool) -> None:
        self.counts[wanted, heard] += 1

    def as_dict(self) -> dict[str, float | int]:
        right, wrong, missed = self.counts[True, True], self.counts[False, True], self.counts[True, False]
        return {
            "precision": round(share(right, right + wrong), 4),
            "recall": round(share(right, right + missed), 4),
            "f1": round(share(2 * right, 2 * right + wrong + missed), 4),
            "yes": right + missed,
            "no": wrong + self.counts[False, False],
        }


def share(part: int, whole: int) -> float:
    """Nothing wanted and nothing heard is perfect."""
    return part / whole if whole else 1.0


Scores = Mapping[tuple[str, str], Score]
_ASK = ("precision", "recall")


def summary(scores: Scores, asked: Scores) -> dict[str, Any]:
    total = with_ask(scores["all", ""], asked["all", ""]) if scores else with_ask(Score(), Score())
    return total | {f"by_{group}": grouped(scores, asked, group) for group in ("language", "source")}


def grouped(scores: Scores, asked: Scores, group: str) -> dict[str, dict[str, Any]]:
    return {name: with_ask(scores[kind, name], asked[kind, name]) for kind, name in sorted(scores) if kind == group}


def with_ask(score: Score, asked: Score) -> dict[str, Any]:
    """The figures of what escalates, and those of what escalates or is asked about."""
    return score.as_dict() | {"ask": {name: asked.as_dict()[name] for name in _ASK}}


def score_table(scores: Scores, asked: Scores) -> Table:
    table = Table("", "precision", "recall", "F1", "ask: precision", "ask: recall", "yes", "no")
    for group, name in sorted(scores):
        score, ask = scores[group, name].as_dict(), asked[group, name].as_dict()
        figures = [f"{score[figure]:.3f}" for figure in ("precision", "recall", "f1")]
        figures += [f"{ask[figure]:.3f}" for figure in _ASK]
        table.add_row(escape(name or group), *figures, str(score["yes"]), str(score["no"]))
    return table
