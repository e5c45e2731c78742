"""A Redis Cluster that holds event streams, and which of its nodes has which.

    redis-cluster://user:password@host1:6379,host2:6379,host3:6379

Any of the nodes tells of all the others. `rediss-cluster://` speaks TLS, with the parameters of `rediss://`.
"""

import math
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from redis import Redis
from redis.crc import key_slot
from redis.exceptions import RedisError

from escalation_client.connection import LoopConnections, connect

_SCHEMES: Final = {"redis-cluster": "redis", "rediss-cluster": "rediss"}
_PORT: Final = 6379
_HOST: Final = re.compile(
    r"(?P<host> \[[0-9a-fA-F:.]+\] | [^:/@\[\],?\s]+ ) (?: : (?P<port> \d{1,5}) )? /?", re.VERBOSE
)
_EXAMPLE: Final = "redis-cluster://:password@host1:6379,host2:6379"
_ASK_FOR_SLOTS: Final = ("CLUSTER", "SLOTS")
# Slots move, and nodes take over from others; whoever met an error asks at once.
_ASK_AGAIN_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True, repr=False)
class ClusterAddress:
    """What an address says. Printing it tells no password."""

    hosts: tuple[tuple[str, int], ...]
    scheme: str
    login: str = ""
    options: str = ""

    @classmethod
    def named_by(cls, url: str) -> "ClusterAddress":
        """Read an address. Raises ValueError, which shows no password."""
        scheme, _, rest = url.partition("://")
        if scheme not in _SCHEMES:
            raise ValueError(f"should start with redis-cluster:// or rediss-cluster://, such as {_EXAMPLE}")
        listed, question, options = rest.partition("?")
        login, at, hosts = listed.rpartition("@")
        matches = [_HOST.fullmatch(host.strip()) for host in hosts.split(",")]
        if not all(matches):
            # Not shown, since it may hold a password.
            raise ValueError(f"should list the cluster's hosts and ports, without a database's number: {_EXAMPLE}")
        found = tuple((match["host"].strip("[]"), int(match["port"] or _PORT)) for match in matches if match)
        return cls(found, _SCHEMES[scheme], login + at, question + options)

    def url_of(self, host: str, port: int) -> str:
        """The address of one node."""
        return f"{self.scheme}://{self.login}{f'[{host}]' if ':' in host else host}:{port}/0{self.options}"

    def __repr__(self) -> str:
        return f"ClusterAddress({', '.join(f'{host}:{port}' for host, port in self.hosts)})"


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
