"""The streams in Redis: events come in, outcomes go out. A consumer group reads, so nothing is lost with a process."""

import os
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from redis import Redis
from redis.exceptions import ResponseError

from config.settings import Settings, get_settings
from escalation_client.cluster import Cluster
from escalation_client.connection import connect as connect_as_the_client
from escalation_client.events import STREAM_EVENTS
from escalation_client.publisher import Publisher
from services.events.rings import answer_ring

EVENTS = STREAM_EVENTS
OUTCOMES = "escalation:outcomes"
GROUP = "escalation"
_PATIENCE_SECONDS = 5.0
# Milliseconds until the year 2100, which microseconds have passed long ago.
NO_TIME = 4_102_444_800_000


class StreamEntry(NamedTuple):
    """One entry of the event stream; `raw` is None when its field `event` is missing."""

    entry_id: str
    raw: bytes | None
    fields: dict[bytes, bytes]

    @property
    def size(self) -> int:
        """The bytes of its event, or of all its fields when it has none."""
        return len(self.raw) if self.raw is not None else sum(map(len, self.fields.values()))

    @property
    def published_ms(self) -> int:
        """When Redis took the entry, by its clock, in milliseconds since 1970: they stand in the id.

        Now, where a publisher has given an id that is no time, such as microseconds: Redis counts on from it.
        """
        milliseconds = int(self.entry_id.partition("-")[0])
        return milliseconds if milliseconds < NO_TIME else int(time.time() * 1000)

    @property
    def published_at(self) -> datetime:
        """The same as a time."""
        return datetime.fromtimestamp(self.published_ms / 1000, UTC)


@lru_cache(maxsize=4)
def client_of(process: int) -> Redis:
    return connect(get_settings().redis_url.get_secret_value())


def connect(url: str, seconds: float = _PATIENCE_SECONDS, database: int | None = None) -> Redis:
    """A client with time-outs: a half-open connection must not hang a worker for ever.

    It finds the primary where the URL names Sentinels, and asks once more on a new connection where what answers is a
    replica by now, or has just started. `database` is another one than the URL's.
    """
    redis = connect_as_the_client(url, seconds, seconds)
    if database is not None:
        redis.connection_pool.connection_kwargs["db"] = database
    return redis


@lru_cache(maxsize=4)
def _cluster_at(url: str, process: int) -> Cluster:
    return Cluster(url, _PATIENCE_SECONDS, _PATIENCE_SECONDS)


def events_cluster() -> Cluster | None:
    """This process's client of the cluster that holds the numbered streams; None where the one Redis holds them."""
    url = get_settings().events_cluster_url
    return None if url is None else _cluster_at(url.get_secret_value(), os.getpid())


def publisher_of(settings: Settings) -> Publisher:
    """A publisher as an assistant has one."""
    cluster = settings.events_cluster_url
    return Publisher(
        settings.redis_url.get_secret_value(), events_cluster=cluster.get_secret_value() if cluster else None
    )


def redis_client() -> Redis:
    """This process's client; a forked child gets one of its own."""
    return client_of(os.getpid())


def consumer_name() -> str:
    """Who reads: the host and the process."""
    return f"{socket.gethostname()}:{os.getpid()}"


@dataclass(frozen=True, slots=True)
class EventStream:
    """A stream that events come in, and the server that holds it.

    `is_earlier`: it is one of other settings; it is read to its end, and goes then.
    """

    server: Redis | Cluster
    name: str = EVENTS
    is_earlier: bool = False

    @property
    def redis(self) -> Redis:
        """The client of its server; in a cluster that of the node which has it at this moment.

        :raises redis.exceptions.RedisError: no node of the cluster tells which
        """
        return self.server.redis_of(self.name) if isinstance(self.server, Cluster) else self.server

    @property
    def label(self) -> str:
        """Its name; one of earlier settings may stand on another server under the name of a present one."""
        if not self.is_earlier:
            return self.name
        return f"{self.name} (earlier, {'on the cluster' if isinstance(self.server, Cluster) else 'in REDIS_URL'})"


def ensure_group(stream: EventStream) -> bool:
    """Create the stream and the group, from the stream's very beginning, unless they are there.

    :return: False when an earlier stream is gone, which is not created again
    """
    try:
        stream.redis.xgroup_create(stream.name, GROUP, id="0", mkstream=not stream.is_earlier)
    except ResponseError as error:
        if "requires the key to exist" in str(error):
            return False
        if not str(error).startswith("BUSYGROUP"):
            raise
    return True


def read_new(stream: EventStream, count: int, answered: str | None = None) -> list[StreamEntry]:
    """Up to `count` entries that nobody has read yet; they are pending for this consumer afterwards.

    :param answered: the hint that is answered by this, in the same round trip; it lies on the stream's server
    """
    answer: Any
    try:
        with stream.redis.pipeline(transaction=False) as pipeline:
            if answered:
                answer_ring(pipeline, answered)
            pipeline.xreadgroup(GROUP, consumer_name(), {stream.name: ">"}, count=count)
            answer = pipeline.execute()[-1]
    except ResponseError as error:
        # The pipeline says first which of its commands it was.
        if "NOGROUP" not in str(error):
            raise
        if not ensure_group(stream):
            return []
        answer = stream.redis.xreadgroup(GROUP, consumer_name(), {stream.name: ">"}, count=count)
    return [entry for _, entries in answer or [] for entry in map(as_entry, entries)]


def reclaim(stream: EventStream, idle_milliseconds: int, count: int) -> list[StreamEntry]:
    """Take over up to `count` entries of consumers that have been silent for so long."""
    try:
        answer: Any = stream.redis.xautoclaim(
            stream.name, GROUP, consumer_name(), idle_milliseconds, "0-0", count=count
        )
    except ResponseError as error:
        if not str(error).startswith("NOGROUP"):
            raise
        ensure_group(stream)
        return []
    # Redis 6.2 returns (None, None) for a pending entry that was deleted; 7 leaves it out and forgets it itself.
    if any(item[1] is None for item in answer[1]):
        forget_deleted(stream, count)
    return [as_entry(item) for item in answer[1] if item[1] is not None]


def forget_deleted(stream: EventStream, count: int) -> int:
    """Acknowledge up to `count` pending entries that are no longer in the stream, which nobody can read; how many.

    Redis 6.2 keeps them pending for ever and does not even name them in XAUTOCLAIM's answer.
    """
    redis, name = stream.redis, stream.name
    pending: Any = redis.xpending_range(name, GROUP, "-", "+", count, consumername=consumer_name())
    ids = [entry["message_id"] for entry in pending]
    with redis.pipeline(transaction=False) as pipeline:
        for entry_id in ids:
            pipeline.xrange(name, entry_id, entry_id)
        found = pipeline.execute() if ids else []
    deleted = [entry_id.decode() for entry_id, entries in zip(ids, found, strict=True) if not entries]
    acknowledge(stream, deleted)
    return len(deleted)


def acknowledge(stream: EventStream, entry_ids: Sequence[str]) -> None:
    """Tell the group that these entries are done; only ever called after their transaction's commit."""
    if entry_ids:
        stream.redis.xack(stream.name, GROUP, *entry_ids)


def has_newer(stream: EventStream, last_id: str) -> bool:
    """Whether the stream has an entry after `last_id`."""
    return bool(stream.redis.xread({stream.name: last_id}, count=1))


def as_entry(item: Any) -> StreamEntry:
    entry_id, fields = item
    return StreamEntry(entry_id.decode(), fields.get(b"event"), fields)
