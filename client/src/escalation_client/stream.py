"""The event streams in Redis: one XADD an event, many in one go."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Final, NamedTuple, Protocol

from redis import Redis
from redis.exceptions import ReadOnlyError, RedisError

from escalation_client.events import FIELD, STREAM_OUTCOMES, Event, encode
from escalation_client.layout import Placed
from escalation_client.waiting import last_id

BATCH = 500
# Replicas that follow are milliseconds behind; one that takes longer does not follow.
_REPLICA_MILLISECONDS: Final = 1_000


class TakesCommands(Protocol):
    """A pipeline, of threads or of an event loop."""

    def xadd(self, name: str, fields: dict[Any, Any]) -> Any: ...

    def wait(self, _replicas: int, _milliseconds: int, /) -> Any: ...

    def xrevrange(self, name: str, *, count: int) -> Any: ...


class TooFewReplicas(RedisError):
    """The events are on the primary, and on fewer replicas than was asked for: they would not survive its loss."""


class Taken(NamedTuple):
    """An event's place in its stream (None while it waits on disk), and the outcomes' newest id before that."""

    entry_id: str | None
    position: str | None


def execute(redis: Redis, fill: Callable[[TakesCommands], None]) -> list[Any]:
    """The answers to some commands, in one round trip.

    Where the connection leads to a server that is a replica now, they are sent once more on new connections.
    """
    try:
        return _execute_once(redis, fill)
    except ReadOnlyError:
        redis.connection_pool.disconnect(inuse_connections=False)
        return _execute_once(redis, fill)


def _execute_once(redis: Redis, fill: Callable[[TakesCommands], None]) -> list[Any]:
    with redis.pipeline(transaction=False) as pipeline:
        fill(pipeline)
        return pipeline.execute()


def expect_replicas(redis: Redis, replicas: int) -> None:
    """Raise `TooFewReplicas` before anything is added, so that what is sent again does not pile up in the stream."""
    if replicas and (reached := redis.wait(replicas, _REPLICA_MILLISECONDS)) < replicas:
        raise TooFewReplicas(f"{reached} of {replicas} replicas follow")


def fill(placed: Sequence[Placed], replicas: int, pipeline: TakesCommands) -> None:
    for stream, text in placed:
        pipeline.xadd(stream, {FIELD: text})
    if replicas:
        pipeline.wait(replicas, _REPLICA_MILLISECONDS)


def entry_ids(answers: Sequence[Any], replicas: int) -> list[str | None]:
    """The ids in a pipeline's answers. Raises `TooFewReplicas`."""
    if not replicas:
        return [answer.decode() for answer in answers]
    *added, reached = answers
    if reached < replicas:
        raise TooFewReplicas(f"{reached} of {replicas} replicas have the events after {_REPLICA_MILLISECONDS} ms")
    return [answer.decode() for answer in added]


def fill_with_position(placed: Sequence[Placed], replicas: int, pipeline: TakesCommands) -> None:
    """Ask for the outcomes' newest id just before the event is added, so that no outcome of it can be missed."""
    pipeline.xrevrange(STREAM_OUTCOMES, count=1)
    fill(placed, replicas, pipeline)


def parse_taken(answers: Sequence[Any], replicas: int) -> Taken:
    """What a pipeline of `fill_with_position` answered. Raises `TooFewReplicas`."""
    newest, *added = answers
    return Taken(entry_ids(added, replicas)[0], last_id(newest))


def encoded_batches(events: Iterable[Event]) -> Iterator[list[str]]:
    """Events as JSON, in batches of what one round trip carries. Raises `InvalidEvent` for one that is too large."""
    encoded = map(encode, events)
    while batch := list(islice(encoded, BATCH)):
        yield batch
