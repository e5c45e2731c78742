"""A Redis Cluster that holds event streams, and which of its nodes has which."""

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from redis import Redis
from redis.crc import key_slot
from redis.exceptions import RedisError

from escalation_client.cluster_address import ClusterAddress
from escalation_client.connection import LoopConnections, connect

_ASK_FOR_SLOTS: Final = ("CLUSTER", "SLOTS")
# Slots move, and nodes take over from others; whoever met an error asks at once.
_ASK_AGAIN_SECONDS: Final = 10.0


class NoSuchNode(RedisError):
    """No node of the cluster serves a key, or none tells who does."""


@dataclass(slots=True)
class Slots:
    """Which node has which keys, as the nodes said it, for a while."""

    address: ClusterAddress
    _asked_at: float = -math.inf
    _ranges: list[tuple[int, int, str]] = field(default_factory=list)

    def are_due(self) -> bool:
        return time.monotonic() > self._asked_at + _ASK_AGAIN_SECONDS

    def forget(self) -> None:
        """Ask before the next use."""
        self._asked_at = -math.inf

    def askable(self) -> Iterator[tuple[str, str]]:
        """Nodes' URLs and hosts, to be asked one after the other until one answers."""
        for host, port in self.address.hosts:
            yield self.address.url_of(host, port), host

    def learn(self, answer: Sequence[Any], asked: str) -> None:
        """Take an answer to CLUSTER SLOTS. A node that does not know its own host is where it was asked."""
        self._ranges = [
            (int(first), int(last), self.address.url_of((primary[0] or b"").decode() or asked, int(primary[1])))
            for first, last, primary, *_ in answer
        ]
        self._asked_at = time.monotonic()

    def url_of(self, key: str) -> str:
        """The node that has a key. Raises `NoSuchNode`."""
        slot = key_slot(key.encode())
        for first, last, url in self._ranges:
            if first <= slot <= last:
                return url
        raise NoSuchNode(f"no node of the cluster serves {key}")


class Cluster:
    """The nodes of a cluster, for threads and processes; nothing connects before the first command."""

    def __init__(self, url: str, connect_timeout: float, timeout: float) -> None:
        self._slots = Slots(ClusterAddress.named_by(url))
        self._connect = partial(connect, connect_timeout=connect_timeout, timeout=timeout)
        self._nodes: dict[str, Redis] = {}

    def redis_of(self, key: str) -> Redis:
        """The client of the node that has this key now. Raises `RedisError` when no node tells."""
        if self._slots.are_due():
            self._ask()
        return self._node(self._slots.url_of(key))

    def forget(self) -> None:
        """After an error: ask anew who has what."""
        self._slots.forget()

    def close(self) -> None:
        """Close all connections."""
        for node in self._nodes.values():
            node.close()

    def _ask(self) -> None:
        errors = []
        for url, host in self._slots.askable():
            try:
                self._slots.learn(self._node(url).execute_command(*_ASK_FOR_SLOTS), host)  # type: ignore[no-untyped-call]
            except RedisError as error:
                errors.append(str(error))
            else:
                return
        raise NoSuchNode(f"no node tells who has what: {'; '.join(errors)}")

    def _node(self, url: str) -> Redis:
        if url not in self._nodes:
            self._nodes[url] = self._connect(url)
        return self._nodes[url]


class AsyncCluster:
    """`Cluster` for event loops."""

    def __init__(self, url: str, connect_timeout: float, timeout: float) -> None:
        self._slots = Slots(ClusterAddress.named_by(url))
        self._connect = partial(LoopConnections, connect_timeout=connect_timeout, timeout=timeout)
        self._nodes: dict[str, LoopConnections] = {}

    async def connections_of(self, key: str) -> LoopConnections:
        """As `Cluster.redis_of`."""
        if self._slots.are_due():
            await self._ask()
        return self._node(self._slots.url_of(key))

    def forget(self) -> None:
        """As `Cluster.forget`."""
        self._slots.forget()

    async def aclose(self) -> None:
        """Close the connections of the running loop."""
        for node in self._nodes.values():
            await node.aclose()

    async def _ask(self) -> None:
        errors = []
        for url, host in self._slots.askable():
            try:
                self._slots.learn(await self._node(url).redis.execute_command(*_ASK_FOR_SLOTS), host)  # type: ignore[no-untyped-call]
            except RedisError as error:
                errors.append(str(error))
            else:
                return
        raise NoSuchNode(f"no node tells who has what: {'; '.join(errors)}")

    def _node(self, url: str) -> LoopConnections:
        if url not in self._nodes:
            self._nodes[url] = self._connect(url)
        return self._nodes[url]
