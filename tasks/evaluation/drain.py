"""Emptying the stream: read a batch, commit it, ring for whatever is to happen next, and acknowledge it."""

import time
from collections.abc import Callable
from typing import Final

import structlog
from redis import Redis

from services.database.engine import available
from services.escalation.process_batch import BatchResult
from services.events.stream import StreamEntry, acknowledge, read_new, reclaim
from services.installation import Installation
from tasks.evaluation.batch import Unavailable, write
from tasks.hints import hint

logger = structlog.get_logger()

# How the summary of a run ends that found PostgreSQL away.
POSTGRESQL_AWAY: Final = "postgresql=away"


def drain(redis: Redis, installation: Installation) -> BatchResult:
    """Work until the stream is empty or the time is up, and ring again when time ended it."""

    def read(count: int) -> list[StreamEntry]:
        entries = read_new(redis, count)
        if len(entries) == count:
            # There is probably more: let another child join in before this one starts to work.
            hint("drain_events")
        return entries

    # Unread entries are worth more than pending ones: any worker can have them the moment PostgreSQL is back.
    return _work_off(redis, read, installation) if available() else BatchResult(away=1)


def take_over(redis: Redis, installation: Installation) -> BatchResult:
    """Finish what a killed process, a locked row or an absent database left pending."""
    idle = int(installation.settings.reclaim_after_seconds * 1000)
    if not available():
        # Taken over now they would count as fresh, and be left alone for as long again.
        return BatchResult(away=1)
    return _work_off(redis, lambda count: reclaim(redis, idle, count), installation)


def _work_off(redis: Redis, read: Callable[[int], list[StreamEntry]], installation: Installation) -> BatchResult:
    """Batch after batch, until one is not full, PostgreSQL is away, or the time is up."""
    size = installation.settings.batch_size
    deadline = time.monotonic() + installation.settings.drain_seconds
    total = BatchResult()
    while entries := read(size):
        written = write_and_acknowledge(redis, entries, installation)
        total += written or BatchResult(away=1)
        if written is None or len(entries) < size:
            break
        if time.monotonic() > deadline:
            hint("drain_events")
            break
    return total


def write_and_acknowledge(redis: Redis, entries: list[StreamEntry], installation: Installation) -> BatchResult | None:
    """Commit, then ring, then acknowledge; None when the database is away and everything stays pending."""
    try:
        written = write(entries, installation)
    except Unavailable as error:
        logger.warning("events_wait_for_postgresql", entries=len(entries), error=str(error))
        return None
    _ring_for(written.result)
    acknowledge(redis, written.done)
    if written.waiting:
        logger.warning("events_wait_for_a_lock", entries=written.waiting)
    return written.result


def _ring_for(result: BatchResult) -> None:
    wanted = {
        "deliver_urgent": result.urgent,
        "deliver_due": result.mails > result.urgent,
        "deliver_push": result.pushes,
        "relay_outcomes": result.outcomes,
        "listen": result.to_judge,
    }
    if names := [name for name, is_wanted in wanted.items() if is_wanted]:
        hint(*names)


def summary(result: BatchResult) -> str:
    """For Flower: counts only. A run that found PostgreSQL away says so at its end, and does not count as one."""
    counts = zip(result.__slots__, result.counts(), strict=True)
    words = [f"{name}={count}" for name, count in counts if count and name != "away"]
    return " ".join([*words, *[POSTGRESQL_AWAY][: result.away]]) or "idle"
