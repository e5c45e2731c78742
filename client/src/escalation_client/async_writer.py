"""`EventWriter` for event loops."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import ReadOnlyError, RedisError, ResponseError

from escalation_client.cluster import AsyncCluster
from escalation_client.cluster_node import AsyncNode
from escalation_client.connection import LoopConnections
from escalation_client.events import STREAM_EVENTS, STREAM_OUTCOMES
from escalation_client.layout import KEY_STREAMS, Layout
from escalation_client.stream import Taken, TakesCommands, entry_ids, fill, fill_with_position, parse_taken
from escalation_client.waiting import last_id
from escalation_client.writer import MOVED, cannot_tell

AnyLoopConnections = LoopConnections[Redis] | LoopConnections[AsyncNode]


class AsyncEventWriter:
    """As `EventWriter`, which says what each method does."""

    def __init__(self, connections: AnyLoopConnections, cluster: AsyncCluster | None) -> None:
        self.connections, self.cluster = connections, cluster
        self.layout = Layout()

    async def add_all(self, encoded: Sequence[str], replicas: int) -> list[str | None]:
        """As `EventWriter.add_all`."""
        try:
            return await self._add_once(encoded, replicas)
        except MOVED:
            if self.cluster is None:
                raise
            return await self._add_once(encoded, replicas)

    async def take(self, text: str, replicas: int) -> Taken:
        """As `EventWriter.take`."""
        if self.cluster is not None:
            position = await self._position()
            return Taken((await self.add_all([text], replicas))[0], position)
        await self._ask_for_layout()
        placed = self.layout.place([text])
        return parse_taken(await _execute(self.connections, partial(fill_with_position, placed, replicas)), replicas)

    async def aclose(self) -> None:
        """Close the connections of the running loop."""
        await self.connections.aclose()
        if self.cluster is not None:
            await self.cluster.aclose()

    async def _add_once(self, encoded: Sequence[str], replicas: int) -> list[str | None]:
        await self._ask_for_layout()
        placed = self.layout.place(encoded)
        by_server: dict[tuple[AnyLoopConnections, str], list[int]] = {}
        for place, (stream, _) in enumerate(placed):
            by_server.setdefault((await self._server_of(stream), stream if self.cluster else ""), []).append(place)
        ids: list[str | None] = [None] * len(placed)
        for (server, _), places in by_server.items():
            answers = await _execute(server, partial(fill, [placed[place] for place in places], replicas))
            for place, entry_id in zip(places, entry_ids(answers, replicas), strict=True):
                ids[place] = entry_id
        return ids

    async def _server_of(self, key: str) -> AnyLoopConnections:
        if self.cluster is None or key == STREAM_EVENTS:
            return self.connections
        return await self.cluster.connections_of(key)

    async def _ask_for_layout(self) -> None:
        if self.layout.is_due():
            try:
                self.layout.learn(await (await self._server_of(KEY_STREAMS)).redis.get(KEY_STREAMS))
            except ResponseError as error:
                cannot_tell(error, self.layout)

    async def _position(self) -> str | None:
        try:
            return last_id(await self.connections.redis.xrevrange(STREAM_OUTCOMES, count=1))
        except RedisError:
            return None


async def _execute(server: AnyLoopConnections, fill: Callable[[TakesCommands], None]) -> list[Any]:
    """As `execute` of `escalation_client.stream`."""
    try:
        return await _execute_once(server, fill)
    except ReadOnlyError:
        await server.redis.connection_pool.disconnect(inuse_connections=False)
        return await _execute_once(server, fill)


async def _execute_once(server: AnyLoopConnections, fill: Callable[[TakesCommands], None]) -> list[Any]:
    async with server.redis.pipeline(transaction=False) as pipeline:
        fill(pipeline)
        return await pipeline.execute()
