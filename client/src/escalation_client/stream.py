"""The event stream in Redis: one XADD an event, many in one go."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Protocol

from redis import Redis

from escalation_client.events import FIELD, STREAM_EVENTS, Event, encode

BATCH = 500


class TakesEntries(Protocol):
    """A pipeline, of threads or of an event loop."""

    def xadd(self, name: str, fields: dict[Any, Any]) -> Any: ...


def add_all(redis: Redis, encoded: Sequence[str]) -> list[str | None]:
    """Add encoded events to the stream in one round trip; return the entries' ids."""
    with redis.pipeline(transaction=False) as pipeline:
        fill(pipeline, encoded)
        return entry_ids(pipeline.execute())


def fill(pipeline: TakesEntries, encoded: Sequence[str]) -> None:
    for text in encoded:
        pipeline.xadd(STREAM_EVENTS, {FIELD: text})


def entry_ids(answers: Iterable[bytes]) -> list[str | None]:
    return [answer.decode() for answer in answers]


def encoded_batches(events: Iterable[Event]) -> Iterator[list[str]]:
    """Events as JSON, in batches of what one round trip carries. Raises `InvalidEvent` for one that is too large."""
    encoded = map(encode, events)
    while batch := list(islice(encoded, BATCH)):
        yield batch
