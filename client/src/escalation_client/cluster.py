"""A Redis Cluster that holds event streams, and which of its nodes has which."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from redis.asyncio.retry import Retry as AsyncRetry
from redis.crc import key_slot
from redis.exceptions import AskError, ClusterDownError, MovedError, ReadOnlyError, RedisError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry

from escalation_client.cluster_address import ClusterAddress
from escalation_client.cluster_node import AsyncNode, Commands, Node
from escalation_client.connection import LoopConnections, connection_options

# A host and port.
Place = tuple[str, int]
# The first and the last of some slots, and the node that has them.
Range = tuple[int, int, Place]

_ASK_FOR_SLOTS: Final = ("CLUSTER", "SLOTS")
_SILENT: Final = (RedisConnectionError, RedisTimeoutError)
# After these another node may have the key.
_ASK_AGAIN_AFTER: Final = (*_SILENT, MovedError, ClusterDownError, ReadOnlyError)
# A node that did not answer is asked after all others for so long.
_ASKED_LAST_SECONDS: Final = 60.0
# A node that does not know its own host, or shall not tell it, is where it was asked.
_UNKNOWN_HOSTS: Final = ("", "?")


class NoSuchNode(RedisError):
    """No node of the cluster serves a key, or none tells who does."""


@dataclass(slots=True)
class Slots:
    """Which node has which keys, as a node said it, until an error says that it may be otherwise."""

    address: ClusterAddress
    are_due: bool = True
    _ranges: list[Range] = field(default_factory=list)
    _told: list[Place] = field(default_factory=list)
    _silent_until: dict[Place, float] = field(default_factory=dict)
    _misled_at: dict[Place, float] = field(default_factory=dict)

    def askable(self) -> list[Place]:
        """Nodes to be asked one after the other until one answers.

        The one that answered last, those that it told of, those of the address; after them those whose answers led
        to errors, since a node that is cut off tells the same again; whoever was silent lately comes last.
        """
        now = time.monotonic()

        def lateness(place: Place) -> float:
            is_silent = self._silent_until.get(place, -math.inf) > now
            return math.inf if is_silent else self._misled_at.get(place, -math.inf)

        return sorted(dict.fromkeys([*self._told, *self.address.hosts]), key=lateness)

    def learn(self, answer: Sequence[Any], asked: Place, key: str) -> Place:
        """Take a node's answer to CLUSTER SLOTS, and return which node has a key.

        Raises `NoSuchNode`, and takes nothing, where the answer names none: that of a node which has left the cluster.
        """
        shards = [
            (int(first), int(last), [self.place_of((node[0] or b"").decode(), int(node[1]), asked) for node in nodes])
            for first, last, *nodes in answer
        ]
        ranges = [(first, last, primary) for first, last, (primary, *_) in shards]
        primary = _find_primary(ranges, key)
        if primary is None:
            raise NoSuchNode(f"{asked[0]}:{asked[1]} knows no node that serves {key}")
        self._ranges = ranges
        self._told = [asked, *(place for _, _, places in shards for place in places)]
        self._silent_until.pop(asked, None)
        self.are_due = False
        return primary

    def place_of(self, host: str, port: int, asked: Place) -> Place:
        """Where a node is that another one named."""
        return (asked[0] if host in _UNKNOWN_HOSTS else host), port

    def note(self, error: RedisError, place: Place) -> None:
        """Take what a node's error says about the cluster."""
        if isinstance(error, _SILENT):
            self._silent_until[place] = time.monotonic() + _ASKED_LAST_SECONDS
        if isinstance(error, _ASK_AGAIN_AFTER):
            self.are_due = True
            self._misled_at.update(dict.fromkeys(self._told[:1], time.monotonic()))

    def primary_of(self, key: str) -> Place | None:
        """The node that has a key; None where a node has to be asked."""
        return None if self.are_due else _find_primary(self._ranges, key)


def _find_primary(ranges: Sequence[Range], key: str) -> Place | None:
    slot = key_slot(key.encode())
    return next((place for first, last, place in ranges if first <= slot <= last), None)


class Cluster:
    """The nodes of a cluster, for threads and processes; nothing connects before the first command."""

    def __init__(self, url: str, connect_timeout: float, timeout: float) -> None:
        self._slots = Slots(ClusterAddress.named_by(url))
        self._patience = connect_timeout, timeout
        self._nodes: dict[Place, Node] = {}

    def redis_of(self, key: str) -> Node:
        """The client of the node that has this key now. Raises `RedisError` when no node tells."""
        return self._node(self._slots.primary_of(key) or self._ask(key))

    def close(self) -> None:
        """Close all connections."""
        for node in self._nodes.values():
            node.close()

    def _ask(self, key: str) -> Place:
        errors = []
        for place in self._slots.askable():
            try:
                return self._slots.learn(self._node(place).execute_command(*_ASK_FOR_SLOTS), place, key)
            except RedisError as error:
                errors.append(str(error))
        raise NoSuchNode(f"no node tells who has {key}: {'; '.join(errors)}")

    def _node(self, place: Place) -> Node:
        if place not in self._nodes:
            url = self._slots.address.url_of(*place)
            options = connection_options(url, *self._patience, Retry)
            self._nodes[place] = Node(url, options, partial(self._recover, place))
        return self._nodes[place]

    def _recover(self, place: Place, error: RedisError, commands: Commands) -> list[Any]:
        self._slots.note(error, place)
        if not isinstance(error, AskError):
            raise error
        # The slot is there already (MOVED is a kind of ASK to redis-py), or on the move to there.
        return self._node(self._slots.place_of(error.host, error.port, place)).ask(commands)


class AsyncCluster:
    """`Cluster` for event loops."""

    def __init__(self, url: str, connect_timeout: float, timeout: float) -> None:
        self._slots = Slots(ClusterAddress.named_by(url))
        self._patience = connect_timeout, timeout
        self._nodes: dict[Place, LoopConnections[AsyncNode]] = {}

    async def connections_of(self, key: str) -> LoopConnections[AsyncNode]:
        """As `Cluster.redis_of`."""
        return self._node(self._slots.primary_of(key) or await self._ask(key))

    async def aclose(self) -> None:
        """Close the connections of the running loop."""
        for node in self._nodes.values():
            await node.aclose()

    async def _ask(self, key: str) -> Place:
        errors = []
        for place in self._slots.askable():
            try:
                answer = await self._node(place).redis.execute_command(*_ASK_FOR_SLOTS)
                return self._slots.learn(answer, place, key)
            except RedisError as error:
                errors.append(str(error))
        raise NoSuchNode(f"no node tells who has {key}: {'; '.join(errors)}")

    def _node(self, place: Place) -> LoopConnections[AsyncNode]:
        if place not in self._nodes:
            self._nodes[place] = LoopConnections(partial(self._connect, place))
        return self._nodes[place]

    def _connect(self, place: Place) -> AsyncNode:
        url = self._slots.address.url_of(*place)
        options = connection_options(url, *self._patience, AsyncRetry)
        return AsyncNode(url, options, partial(self._recover, place))

    async def _recover(self, place: Place, error: RedisError, commands: Commands) -> list[Any]:
        self._slots.note(error, place)
        if not isinstance(error, AskError):
            raise error
        return await self._node(self._slots.place_of(error.host, error.port, place)).redis.ask(commands)
