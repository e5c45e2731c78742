"""Adding events to their streams: on the Redis of everything else, or on the nodes of a cluster of their own."""

from collections.abc import Sequence
from functools import partial

from redis import Redis
from redis.exceptions import ClusterDownError, MovedError, ReadOnlyError, RedisError, ResponseError
from redis.exceptions import ConnectionError as RedisConnectionError

from escalation_client.cluster import Cluster
from escalation_client.events import STREAM_EVENTS, STREAM_OUTCOMES
from escalation_client.layout import KEY_STREAMS, Layout, Placed
from escalation_client.stream import (
    Taken,
    entry_ids,
    execute,
    expect_replicas,
    fill,
    fill_with_position,
    parse_taken,
)
from escalation_client.waiting import last_id

# The stream has moved, or another node is taking over.
MOVED = (MovedError, ReadOnlyError, RedisConnectionError)


class EventWriter:
    """For threads and processes. Its methods raise `RedisError`."""

    def __init__(self, redis: Redis, cluster: Cluster | None) -> None:
        self.redis, self.cluster = redis, cluster
        self.layout = Layout()

    def add_all(self, encoded: Sequence[str], replicas: int, *, expecting: bool = False) -> list[str | None]:
        """Add encoded events, in one round trip to each server or cluster's stream; return their ids in the same order.

        :param expecting: ask first whether the replicas follow
        """
        try:
            return self._add_once(encoded, replicas, expecting)
        except MOVED:
            if self.cluster is None:
                raise
            return self._add_once(encoded, replicas, expecting)

    def take(self, text: str, replicas: int) -> Taken:
        """Add one event, and ask just before where the outcomes are."""
        if self.cluster is not None:
            position = self._position()
            return Taken(self.add_all([text], replicas)[0], position)
        self._ask_for_layout()
        return parse_taken(
            execute(self.redis, partial(fill_with_position, self.layout.place([text]), replicas)), replicas
        )

    def close(self) -> None:
        """Close all connections."""
        self.redis.close()
        if self.cluster is not None:
            self.cluster.close()

    def _add_once(self, encoded: Sequence[str], replicas: int, expecting: bool) -> list[str | None]:
        self._ask_for_layout()
        placed = self.layout.place(encoded)
        ids: list[str | None] = [None] * len(placed)
        for (redis, _), places in self._by_server(placed).items():
            if expecting:
                expect_replicas(redis, replicas)
            answers = execute(redis, partial(fill, [placed[place] for place in places], replicas))
            for place, entry_id in zip(places, entry_ids(answers, replicas), strict=True):
                ids[place] = entry_id
        return ids

    def _by_server(self, placed: Sequence[Placed]) -> dict[tuple[Redis, str], list[int]]:
        """Which of them go together to which server: on a cluster only what is of one stream, which may be moving."""
        places: dict[tuple[Redis, str], list[int]] = {}
        for place, (stream, _) in enumerate(placed):
            places.setdefault((self._server_of(stream), stream if self.cluster else ""), []).append(place)
        return places

    def _server_of(self, key: str) -> Redis:
        return self.redis if self.cluster is None or key == STREAM_EVENTS else self.cluster.redis_of(key)

    def _ask_for_layout(self) -> None:
        if self.layout.is_due():
            try:
                self.layout.learn(self._server_of(KEY_STREAMS).get(KEY_STREAMS))
            except ResponseError as error:
                cannot_tell(error, self.layout)

    def _position(self) -> str | None:
        try:
            return last_id(self.redis.xrevrange(STREAM_OUTCOMES, count=1))
        except RedisError:
            return None


def cannot_tell(error: ResponseError, layout: Layout) -> None:
    """Use the one stream where the number of streams may not be read; a node that does not have the key is an error."""
    if isinstance(error, MovedError | ClusterDownError):
        raise error
    layout.learn(None)
