"""Figures of several rounds: medians, ranges, percentiles."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from bench import measures
from bench.stand import Stand


@dataclass(frozen=True, slots=True)
class Speed:
    """One line of the page: what it is called, and how one round of it is run."""

    key: str
    words: str
    run: Callable[[Stand], float]


@dataclass(slots=True)
class Results:
    """All rounds' figures by key, and the latencies in seconds."""

    speeds: dict[str, list[float]] = field(default_factory=dict)
    latencies: dict[str, list[float]] = field(default_factory=dict)

    def median(self, key: str) -> float:
        return statistics.median(self.speeds[key])

    def ratio(self, ours: str, peer: str) -> float:
        """The median of the rounds' ratios: what disturbed a round disturbed both."""
        return statistics.median(a / b for a, b in zip(self.speeds[ours], self.speeds[peer], strict=True))


def percentile(times: Sequence[float], percent: float) -> float:
    """The time that so many per cent did not exceed (nearest rank)."""
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def speeds(scale: float) -> list[Speed]:
    """What is run in each round, in turn; `scale` 1 is for the page."""

    def sized(run: Callable[..., float], count: int, *more: Any) -> Callable[[Stand], float]:
        return partial(scaled, run, max(20, int(count * scale)), more)

    return [
        Speed("events_1", "events, one process", sized(measures.events_ours, 20_000, 1)),
        Speed("noop_1", "Celery tasks that do nothing, one process", sized(measures.events_celery, 4_000, 1)),
        Speed("events_2", "events, two processes", sized(measures.events_ours, 20_000, 2)),
        Speed("noop_2", "Celery tasks that do nothing, two processes", sized(measures.events_celery, 4_000, 2)),
        Speed("tickets", "tickets in batches of 500", sized(measures.tickets_ours, 2_000, 500)),
        Speed("tickets_single", "tickets one by one", sized(measures.tickets_ours, 200, 1)),
        Speed("original", "tickets, each statement alone, mail in the request", sized(measures.tickets_original, 200)),
        Speed("mails", "mails with all their records, one process", sized(measures.mails_ours, 400, 1)),
        Speed("smtplib", "bare smtplib, one connection, no records", sized(measures.mails_smtplib, 2_000)),
    ]


def scaled(run: Callable[..., float], count: int, more: tuple[Any, ...], stand: Stand) -> float:
    return run(stand, count, *more)


def measure(stand: Stand, rounds: int, scale: float, say: Callable[[str], None]) -> Results:
    """All rounds, the measures in turn within each, then the latencies."""
    results = Results()
    for number in range(rounds):
        for speed in speeds(scale):
            figure = speed.run(stand)
            say(f"round {number + 1}: {speed.words}: {figure:,.0f}/s")
            results.speeds.setdefault(speed.key, []).append(figure)
    for rate, seconds in ((1, 15), (10, 10), (100, 5)):
        count = max(5, int(rate * seconds * scale))
        ours = measures.latency_ours(stand, rate, count)
        results.latencies |= {f"{name} {rate}": times for name, times in ours.items()}
        results.latencies[f"start {rate}"] = measures.latency_celery(stand, rate, count)["start"]
        say(f"latency at {rate} a second measured")
    return results
