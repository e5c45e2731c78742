"""Emptying the stream: read a batch, commit it, acknowledge it, and ring for whatever is to happen next."""

import time
from collections.abc import Callable

import structlog
from redis import Redis

from services.escalation import Result
from services.knowledge import Knowledge
from services.stream import Entry, acknowledge, read_new, reclaim
from tasks.batch import Unavailable, write
from tasks.hints import hint

logger = structlog.get_logger()

Read = Callable[[Redis, int], list[Entry]]


def drain(redis: Redis, knowledge: Knowledge) -> Result:
    """Work until the stream is empty or the time is up, and ring again when time ended it."""
    settings = knowledge.settings
    deadline = time.monotonic() + settings.drain_seconds
    total = Result()
    while entries := read_new(redis, settings.batch_size):
        full = len(entries) == settings.batch_size
        if full:
            # There is probably more: let another child join in before this one starts to work.
            hint("drain_events")
        done = write_and_acknowledge(redis, entries, knowledge)
        if done is None:
            break
        total += done
        if time.monotonic() > deadline:
            hint("drain_events")
            break
        if not full:
            break
    return total


def take_over(redis: Redis, knowledge: Knowledge) -> Result:
    """Finish what a killed process, a locked row or an absent database left pending."""
    settings = knowledge.settings
    entries = reclaim(redis, int(settings.reclaim_after_seconds * 1000), settings.batch_size)
    if not entries:
        return Result()
    return write_and_acknowledge(redis, entries, knowledge) or Result()


def write_and_acknowledge(redis: Redis, entries: list[Entry], knowledge: Knowledge) -> Result | None:
    """Commit, then acknowledge, then ring; None when the database is away and everything stays pending."""
    try:
        written = write(entries, knowledge)
    except Unavailable as error:
        logger.warning("events_wait_for_postgresql", entries=len(entries), error=str(error))
        return None
    acknowledge(redis, written.done)
    if written.waiting:
        logger.warning("events_wait_for_a_lock", entries=written.waiting)
    ring_for(written.result)
    return written.result


def ring_for(result: Result) -> None:
    if result.urgent:
        hint("deliver_urgent")
    if result.mails > result.urgent:
        hint("deliver_due")
    if result.outcomes:
        hint("relay_outcomes")


def summary(result: Result) -> str:
    """For Flower: counts only."""
    return (
        " ".join(f"{name}={count}" for name, count in zip(result.__slots__, result.counts(), strict=True) if count)
        or "idle"
    )
