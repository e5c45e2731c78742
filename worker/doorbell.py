"""The doorbell: a thread in the worker that sees what arrives in the streams and rings for it within milliseconds."""

import math
import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

import structlog
from celery import bootsteps
from redis import Redis
from redis.exceptions import OutOfMemoryError, RedisError

from config.settings import get_settings
from escalation_client.history import STREAM_QUESTIONS
from services.events.layout import announce_streams, numbered_streams, streams_on
from services.events.rings import add_claim, add_rings
from services.events.stream import EventStream, connect, events_cluster
from services.events.trimming import trim
from services.installation import get_installation
from tasks.evaluation.drain import drain, summary, take_over
from tasks.hints import hint, rings
from worker.idle_child import IdleChild
from worker.liveness.program.signs import DOORBELL, SIGN_OF_LIFE, SIGNS

logger = structlog.get_logger()

# Less than the time-out of the socket.
_BLOCK_MILLISECONDS = 2_000
# Rings closer together would only find that a hint is waiting already.
_PAUSE_SECONDS = 0.005
_RETRY_SECONDS = 1.0
_ANNOUNCE_SECONDS = 60.0
SIGN_OF_LIFE_SECONDS = 60


class DoorbellStep(bootsteps.StartStopStep):
    """Runs the doorbell where the worker consumes queue `events`, and nowhere else."""

    requires = ("celery.worker.components:Pool",)

    def __init__(self, parent: Any, **options: Any) -> None:
        super().__init__(parent, **options)
        self.stopping = threading.Event()

    def start(self, parent: Any) -> None:
        if "events" in parent.app.amqp.queues.consume_from:
            SIGNS.expect(DOORBELL, get_settings().liveness_seconds)
            cluster = events_cluster()
            # Nobody can wait at several nodes of a cluster at once.
            streams = [EventStream(cluster, name) for name in numbered_streams()] if cluster else []
            helpers = [
                _start("announcer", _announce, self.stopping),
                *(_start(stream.name, watch_stream, self.stopping, stream) for stream in streams),
            ]
            _start("all others", watch, self.stopping, helpers, IdleChild(parent))

    def stop(self, parent: Any) -> None:
        self.stopping.set()
        SIGNS.forget(DOORBELL)


def _start(name: str, run: Callable[..., None], *arguments: Any) -> threading.Thread:
    thread = threading.Thread(target=run, args=arguments, name=f"doorbell {name}", daemon=True)
    thread.start()
    return thread


def watch(stopping: threading.Event, helpers: Iterable[threading.Thread] = (), child: IdleChild | None = None) -> None:
    """Ring for whatever arrives until told to stop; outlives every restart of Redis, and asks no cluster.

    A helper that has died of a mistake counts as this thread's own silence, for which liveness ends the program.

    :param child: what it may start it starts without a message
    """
    redis = connect(get_settings().redis_url.get_secret_value())
    last: dict[str, str] = {}
    while not stopping.is_set():
        if all(helper.is_alive() for helper in helpers):
            SIGNS.seen(DOORBELL)
        try:
            last |= _wait_and_ring(redis, last, child)
            stopping.wait(_PAUSE_SECONDS)
        except OutOfMemoryError:
            _relieve(redis)
            stopping.wait(_RETRY_SECONDS)
        except RedisError as error:
            logger.warning("doorbell_waits_for_redis", error=type(error).__name__)
            # From the beginning of what may have been missed: one ring too many costs nothing.
            last = {}
            stopping.wait(_RETRY_SECONDS)


def _announce(stopping: threading.Event) -> None:
    """Tell publishers of the streams until told to stop."""
    redis = connect(get_settings().redis_url.get_secret_value())
    while not stopping.is_set():
        try:
            announce_streams(redis)
        except RedisError as error:
            logger.warning("streams_not_announced", error=type(error).__name__)
        stopping.wait(_ANNOUNCE_SECONDS)


def watch_stream(stopping: threading.Event, stream: EventStream) -> None:
    """Ring for what arrives in one stream of a cluster until told to stop."""
    last = "0"
    while not stopping.is_set():
        try:
            answer: Any = stream.redis.xread({stream.name: last}, count=1, block=_BLOCK_MILLISECONDS)
            if answer:
                last = _note_and_ring(stream.redis, [stream.name])[stream.name]
                hint("drain_events")
            stopping.wait(_PAUSE_SECONDS)
        except RedisError as error:
            logger.warning("doorbell_waits_for_redis", stream=stream.name, error=type(error).__name__)
            last = "0"
            stopping.wait(_RETRY_SECONDS)


def _relieve(redis: Redis) -> None:
    """Redis is full, so that nobody can be rung for: decide here what waits, and forget what is decided.

    It still takes what makes it smaller, and reads, and moves entries from "unread" to "pending" (Redis, "denyoom").
    """
    logger.error("redis_is_full", remedy="see docs/operate.md, EscalationRedisFull")
    try:
        decided = summary(take_over(redis, get_installation()) + drain(redis, get_installation()))
        logger.info("redis_was_relieved", decided=decided, trimmed=trim(redis, 0))
    except RedisError as error:
        logger.warning("redis_stays_full", error=str(error))


def _wait_and_ring(redis: Redis, last: Mapping[str, str], child: IdleChild | None) -> dict[str, str]:
    """Wait for an entry after the last ones, ring for each stream that has one, and return its newest id."""
    bells = dict.fromkeys((stream.name for stream in streams_on(redis)), "drain_events")
    bells[STREAM_QUESTIONS] = "answer_questions"
    streams: dict[Any, Any] = {name: last.get(name, "0") for name in bells}
    with redis.pipeline(transaction=False) as pipeline:
        pipeline.set(SIGN_OF_LIFE, 1, ex=SIGN_OF_LIFE_SECONDS)
        pipeline.xread(streams, count=1, block=_BLOCK_MILLISECONDS)
        answer: Any = pipeline.execute()[-1]
    arrived = [name.decode() for name, _ in answer or []]
    return _note_and_ring(redis, arrived, {bells[name] for name in arrived}, child) if arrived else {}


def _note_and_ring(
    redis: Redis, streams: Sequence[str], tasks: Collection[str] = (), child: IdleChild | None = None
) -> dict[str, str]:
    """Ring for the tasks; the newest id in each stream, which is noted first: what comes later is rung for again.

    In one round trip, since the loop that is woken by it shares this thread's interpreter.
    """
    to_start = [name for name in tasks if child and child.may_start(name)]
    with redis.pipeline(transaction=False) as pipeline:
        for stream in streams:
            pipeline.xrevrange(stream, count=1)
        for name in to_start:
            add_claim(pipeline, name)
        add_rings(pipeline, rings(*(name for name in tasks if name not in to_start)))
        found: Any = pipeline.execute()
    newest, claimed = found[: len(streams)], found[len(streams) :]
    for name, is_claimed in zip(to_start, claimed, strict=False):
        if is_claimed and child:
            child.start(name)
    return {stream: entries[0][0].decode() if entries else "0" for stream, entries in zip(streams, newest, strict=True)}


def silent_seconds(redis: Redis) -> float:
    """Since a doorbell last gave its sign of life, by Redis' clock; infinite when none did within a minute.

    A sign that lasts longer than any is given for is from before Redis' clock was set back, and says nothing.
    """
    left: Any = redis.pttl(SIGN_OF_LIFE)
    return SIGN_OF_LIFE_SECONDS - left / 1000 if 0 <= left <= SIGN_OF_LIFE_SECONDS * 1000 else math.inf
