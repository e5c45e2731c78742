"""Figures of several rounds, by section; kept as JSON, so that the page can be written again without measuring."""

import json
import os
import statistics
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).parent.parent
FILE = CHECKOUT / "var" / "bench" / "results.json"


@dataclass(frozen=True, slots=True)
class Conditions:
    """Under which a section was measured; `load` is that of the machine over the 15 minutes before its end."""

    when: str
    rounds: int
    scale: float
    commit: str
    load: float


@dataclass(slots=True)
class Section:
    """What a section found, by key.

    `speeds` are so many a second, one for each round; `times` are seconds, many to a key; `curves` are points.
    """

    speeds: dict[str, list[float]] = field(default_factory=dict)
    times: dict[str, list[float]] = field(default_factory=dict)
    curves: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)
    conditions: Conditions | None = None

    def add(self, key: str, speed: float) -> None:
        self.speeds.setdefault(key, []).append(speed)

    def median(self, key: str) -> float:
        return statistics.median(self.speeds[key])

    def ratio(self, ours: str, peer: str) -> float:
        """The median of the rounds' ratios: what disturbed a round disturbed both."""
        return statistics.median(a / b for a, b in zip(self.speeds[ours], self.speeds[peer], strict=True))

    def percentile(self, key: str, percent: float) -> float:
        return percentile(self.times[key], percent)


Results = dict[str, Section]


def percentile(times: Sequence[float], percent: float) -> float:
    """The time that so many per cent did not exceed (nearest rank)."""
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def slope(points: Sequence[tuple[float, float]]) -> float:
    """How much y grows while x grows by one (least squares)."""
    return statistics.linear_regression([x for x, _ in points], [y for _, y in points]).slope


def conditions_now(rounds: int, scale: float) -> Conditions:
    return Conditions(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC", rounds, scale, commit(), round(os.getloadavg()[2], 1))


def commit() -> str:
    """What is checked out, with a plus when files differ from it; `unknown` without Git."""
    command = ["git", "describe", "--always", "--dirty=+", "--exclude=*"]
    asked = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    return asked.stdout.strip() or "unknown"


def save(results: Results, file: Path = FILE) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({name: asdict(one) for name, one in results.items()}, indent=1), encoding="utf-8")


def load(file: Path = FILE) -> Results:
    """The results of earlier runs; none when there are none."""
    if not file.exists():
        return {}
    return {name: section_of(found) for name, found in json.loads(file.read_text(encoding="utf-8")).items()}


def section_of(found: dict[str, Any]) -> Section:
    """JSON knows no tuples and no classes of ours."""
    curves = {key: [(x, y) for x, y in points] for key, points in found["curves"].items()}
    return Section(**{**found, "curves": curves, "conditions": Conditions(**found["conditions"])})
