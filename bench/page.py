"""The page on performance, written from results."""

import os
import platform
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version

from bench.figures import Results, percentile, speeds

PACKAGES = ("celery", "kombu", "redis", "sqlalchemy", "psycopg2-binary")
# (goal, ours, peer, at least)
RATIOS = (
    ("events, one process, to Celery doing nothing", "events_1", "noop_1", 20.0),
    ("events, two processes, to Celery doing nothing", "events_2", "noop_2", 20.0),
    ("tickets in batches to each statement alone", "tickets", "original", 25.0),
)
HEAD = """# Performance

Written by `make bench ARGS=--write-docs`; anyone can repeat it. Everything runs on the embedded servers of one machine,
in rounds in which ours and its peer take turns. Only the ratios carry over to another machine.

The mix of events: 40 % messages of about 120 characters in six languages, 30 % steps, 25 % confidences, 5 % diagnoses;
5 % of the sessions escalate. Rules, detection, audit and outbox are included. Redis writes each of our entries through
to the disk before it confirms (`appendfsync always`); for the bare Celery tasks it does so once a second, its own
default, which is far faster for Celery. The mail server is one of ours that takes everything at once and keeps nothing.
"""


def page(results: Results, rounds: int) -> str:
    """The whole page as Markdown."""
    parts = [HEAD, conditions(rounds), *speed_table(results), *latency_table(results), *goals(results), OPEN]
    return "\n".join(parts)


def conditions(rounds: int) -> str:
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    load = f"{os.getloadavg()[2]:.1f}"
    return (
        f"Measured {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {rounds} rounds, Python {platform.python_version()}, "
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores (load over 15 minutes: {load}; "
        f"the servers, the peers and other work share the cores). {packages}.\n"
    )


def speed_table(results: Results) -> Iterator[str]:
    yield "| what | a second (median) | least to most |\n|---|---|---|"
    for speed in speeds(1):
        figures = results.speeds[speed.key]
        yield f"| {speed.words} | {results.median(speed.key):,.0f} | {min(figures):,.0f} to {max(figures):,.0f} |"
    yield ""


WORDS = {"ticket": "event published to ticket", "mail": "event published to mail accepted", "start": "bare Celery"}


def latency_table(results: Results) -> Iterator[str]:
    yield "Latency in milliseconds; bare Celery is publishing to the start of the task.\n"
    yield "| a second | what | p50 | p95 | p99 |\n|---|---|---|---|---|"
    for key, times in results.latencies.items():
        name, rate = key.split()
        marks = " | ".join(f"{percentile(times, percent) * 1000:,.0f}" for percent in (50, 95, 99))
        yield f"| {rate} | {WORDS[name]} | {marks} |"
    yield ""


def goals(results: Results) -> Iterator[str]:
    yield "| goal | wanted | measured | |\n|---|---|---|---|"
    for words, ours, peer, least in RATIOS:
        ratio = results.ratio(ours, peer)
        yield f"| {words} | at least {least:g} times | {ratio:.1f} times | {met(ratio >= least)} |"
    bare = percentile(results.latencies["start 10"], 50)
    for percent, most in ((50, 6), (99, 15)):
        times = percentile(results.latencies["mail 10"], percent) / bare
        words = f"event to accepted mail at 10 a second, p{percent}, to bare Celery's p50"
        yield f"| {words} | at most {most} times | {times:.1f} times | {met(times <= most)} |"
    yield ""


def met(yes: bool) -> str:
    return "met" if yes else "missed"


OPEN = """Not measured yet: STARTTLS, other mail queues, growth with a million events stored, memory over time.
"""
