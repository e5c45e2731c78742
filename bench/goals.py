"""The goals, and whether what was measured meets them."""

import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bench.results import Results
from bench.sections.memory import growth


@dataclass(frozen=True, slots=True)
class Goal:
    """`value` reads it from the results; `least` says whether the limit is to be reached or not to be exceeded."""

    key: str
    words: str
    sections: tuple[str, ...]
    value: Callable[[Results], float]
    limit: float
    least: bool
    unit: str = "times"


@dataclass(frozen=True, slots=True)
class GoalResult:
    goal: Goal
    value: float

    @property
    def met(self) -> bool:
        return self.value >= self.goal.limit if self.goal.least else self.value <= self.goal.limit


def ratio(section: str, ours: str, peer: str) -> Callable[[Results], float]:
    return lambda results: results[section].ratio(ours, peer)


def latency(percent: float) -> Callable[[Results], float]:
    """Publish to accepted mail at 10 a second, in medians of bare Celery's start."""
    return lambda results: (
        results["latency"].percentile("mail 10", percent) / results["latency"].percentile("start 10", 50)
    )


GOALS = (
    Goal("events_1", "events a second, one worker, to bare Celery's no-op tasks", ("events",),
         ratio("events", "ours_1", "noop_1"), 20, least=True),
    Goal("events_insert", "events a second, one worker, to bare INSERT of the same rows", ("events",),
         ratio("events", "ours_1", "insert"), 0.85, least=True),
    # No multiple of no-op tasks by two workers: 20 times theirs would be more than bare INSERT does on two cores.
    Goal("events_2", "events a second, two workers, to bare INSERT of the same rows", ("events",),
         ratio("events", "ours_2", "insert"), 0.85, least=True),
    Goal("tickets", "tickets a second in batches, to the original's way", ("tickets",),
         ratio("tickets", "batches", "original"), 15, least=True),
    Goal("mails_1", "mails a second, one process, to django-post_office's", ("mails",),
         ratio("mails", "ours_1 plain", "peer_1 plain"), 1.4, least=True),
    Goal("mails_2", "mails a second, two processes, to django-post_office's", ("mails",),
         ratio("mails", "ours_2 plain", "peer_2 plain"), 1.4, least=True),
    Goal("mails_1_tls", "mails a second over STARTTLS, one process, to django-post_office's", ("mails",),
         ratio("mails", "ours_1 tls", "peer_1 tls"), 1.4, least=True),
    Goal("mails_2_tls", "mails a second over STARTTLS, two processes, to django-post_office's", ("mails",),
         ratio("mails", "ours_2 tls", "peer_2 tls"), 1.4, least=True),
    Goal("mails_rendering_1", "mails a second, one process, to django-post_office's that renders the same", ("mails",),
         ratio("mails", "ours_1 plain", "peer_rendering_1 plain"), 2.4, least=True),
    Goal("mails_rendering_2", "mails a second, two processes, to django-post_office's that renders the same",
         ("mails",), ratio("mails", "ours_2 plain", "peer_rendering_2 plain"), 2.4, least=True),
    Goal("mails_rendering_1_tls", "mails a second over STARTTLS, one process, to the same", ("mails",),
         ratio("mails", "ours_1 tls", "peer_rendering_1 tls"), 2.4, least=True),
    Goal("mails_rendering_2_tls", "mails a second over STARTTLS, two processes, to the same", ("mails",),
         ratio("mails", "ours_2 tls", "peer_rendering_2 tls"), 2.4, least=True),
    Goal("starttls", "mails a second over STARTTLS, to plain", ("mails",),
         ratio("mails", "ours_1 tls", "ours_1 plain"), 0.7, least=True),
    Goal("slow_equal", "mails a second to a slow server, as many connections as django-post_office", ("slow_server",),
         ratio("slow_server", "ours_equal", "peer"), 1, least=True),
    Goal("slow", "mails a second to a slow server, both as shipped", ("slow_server",),
         ratio("slow_server", "ours", "peer"), 1.8, least=True),
    Goal("latency_50", "publish to accepted mail at 10 a second, p50, to bare Celery's p50", ("latency",),
         latency(50), 6, least=False),
    Goal("latency_99", "publish to accepted mail at 10 a second, p99, to bare Celery's p50", ("latency",),
         latency(99), 12, least=False),
    Goal("day", "events a second of a day's mix while mails take 2 s at most, to events alone", ("day", "events"),
         lambda results: results["day"].median("held") / results["events"].median("ours_1"), 0.5, least=True),
    Goal("growth", "cost of an event with a million stored, to that with a thousand", ("growth",),
         ratio("growth", "events 0", "events 2"), 1.3, least=False),
    Goal("memory", "the child's memory (most RSS)", ("memory",),
         lambda results: max(size for _, size in results["memory"].curves["child rss"]), 118, least=False, unit="MB"),
    Goal("leak", "the child's growth for 100,000 events, once warm", ("memory",),
         lambda results: growth(results["memory"], "child"), 1, least=False, unit="MB"),
    Goal("help", "`python -m worker --help`", ("start",),
         lambda results: statistics.median(results["start"].times["help"]), 0.5, least=False, unit="s"),
)  # fmt: skip


def verdicts(results: Results) -> Iterator[GoalResult]:
    """Of every goal whose sections were measured."""
    for goal in GOALS:
        if all(name in results for name in goal.sections):
            yield GoalResult(goal, goal.value(results))


def missed(results: Results) -> list[Goal]:
    return [verdict.goal for verdict in verdicts(results) if not verdict.met]
