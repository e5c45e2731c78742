"""Emptying the streams: read a batch, commit it, ring for whatever is to happen next, and acknowledge it."""

import time
from collections import deque
from collections.abc import Callable, Sequence
from random import randrange
from typing import Final

import structlog
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from config.lexicon import load_lexicon
from escalation_client.cluster import NoSuchNode
from services.database.availability import available
from services.escalation.process_batch import BatchResult
from services.events.layout import event_streams
from services.events.rings import answer_ring
from services.events.stream import (
    EventStream,
    StreamEntry,
    acknowledge,
    read_new,
    reclaim,
)
from services.installation import Installation
from tasks.evaluation.batch import Unavailable, write
from tasks.evaluation.end_of_batch import Send, finish_and_send, tasks_for
from tasks.hints import hint

logger = structlog.get_logger()

# How the summary of a run ends that found PostgreSQL away.
POSTGRESQL_AWAY: Final = "postgresql=away"
# So many mails of a batch its drain may send itself.
FEW_MAILS: Final = 3

_AWAY: Final = (RedisConnectionError, RedisTimeoutError)


def drain(redis: Redis, installation: Installation, send: Send | None = None) -> BatchResult:
    """Answer the hint, and work until the streams are empty or the time is up; ring again when time ended it.

    :param send: called for few mails when nothing else waits and the mail server is fast; else senders are rung for
    """

    to_answer: str | None = "drain_events"

    def read(stream: EventStream, count: int) -> list[StreamEntry]:
        nonlocal to_answer
        answered, to_answer = to_answer, None
        if answered and stream.server is not redis:
            answer_ring(redis, answered)
            answered = None
        entries = read_new(stream, count, answered)
        if len(entries) == count:
            # There is probably more: let another child join in before this one starts to work.
            hint("drain_events")
        return entries

    # Unread entries are worth more than pending ones: any worker can have them the moment PostgreSQL is back.
    if not available():
        answer_ring(redis, "drain_events")
        return BatchResult(away=1)
    return _work_off(redis, read, installation, send)


def take_over(redis: Redis, installation: Installation) -> BatchResult:
    """Finish what a killed process, a locked row or an absent database left pending."""
    idle = int(installation.settings.reclaim_after_seconds * 1000)
    if not available():
        # Taken over now they would count as fresh, and be left alone for as long again.
        return BatchResult(away=1)
    return _work_off(redis, lambda stream, count: reclaim(stream, idle, count), installation)


def _work_off(
    redis: Redis,
    read: Callable[[EventStream, int], list[StreamEntry]],
    installation: Installation,
    send: Send | None = None,
) -> BatchResult:
    """A batch of each stream in turn, until none of them has a full one, PostgreSQL is away, or the time is up.

    :raises config.errors.ConfigurationError: a word list is broken; no entry was read
    """
    load_lexicon()
    size = installation.settings.batch_size
    deadline = time.monotonic() + installation.settings.drain_seconds
    total, failure = BatchResult(), None
    streams = deque(_in_turn(event_streams(redis)))
    while streams:
        stream = streams.popleft()
        try:
            entries = read(stream, size)
            # The other streams come before the mails.
            may_send = None if streams else send
            written = write_and_acknowledge(stream, entries, installation, may_send) if entries else BatchResult()
        except RedisError as error:
            # A node that is away keeps nobody from what the others have; where a whole server is, its streams all are.
            failure = error
            if isinstance(error, NoSuchNode) or (isinstance(stream.server, Redis) and isinstance(error, _AWAY)):
                streams = deque(each for each in streams if each.server is not stream.server)
        else:
            total += written or BatchResult(away=1)
            if written is None:
                break
            if len(entries) == size:
                streams.append(stream)
        if streams and time.monotonic() > deadline:
            hint("drain_events")
            break
    if failure:
        raise failure
    return total


def _in_turn(streams: Sequence[EventStream]) -> list[EventStream]:
    """Those of earlier settings, then the others from any of them on: so drains that run side by side seldom meet."""
    earlier = [stream for stream in streams if stream.is_earlier]
    present = [stream for stream in streams if not stream.is_earlier]
    first = randrange(len(present))
    return [*earlier, *present[first:], *present[:first]]


def write_and_acknowledge(
    stream: EventStream, entries: list[StreamEntry], installation: Installation, send: Send | None = None
) -> BatchResult | None:
    """Commit, then ring, then acknowledge, then send few mails of one lane if senders were not rung for.

    None when the database is away and everything stays pending.
    """
    try:
        written = write(entries, installation)
    except Unavailable as error:
        logger.warning("events_wait_for_postgresql", entries=len(entries), error=str(error))
        return None
    result = written.result
    if send and written.done and 0 < result.mails <= FEW_MAILS and result.urgent in {0, result.mails}:
        finish_and_send(stream, entries[-1].entry_id, written, send)
    else:
        hint(*tasks_for(result))
        acknowledge(stream, written.done)
    if written.demanded:
        logger.error("events_wait_for_a_column", entries=written.waiting, error=written.demanded)
    elif written.waiting:
        logger.warning("events_wait_for_a_lock", entries=written.waiting)
    return written.result


def summary(result: BatchResult) -> str:
    """For Flower: counts only. A run that found PostgreSQL away says so at its end, and does not count as one."""
    counts = zip(result.__slots__, result.counts(), strict=True)
    words = [f"{name}={count}" for name, count in counts if count and name != "away"]
    return " ".join([*words, *[POSTGRESQL_AWAY][: result.away]]) or "idle"
