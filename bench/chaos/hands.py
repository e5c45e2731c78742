"""Which events a process has in hand: read from the stream and not yet acknowledged."""

import socket
from collections.abc import Sequence
from typing import Any

import psutil

from services.events.stream import GROUP, EventStream

MOST = 1_000


def someone_with_events(streams: Sequence[EventStream], children: Sequence[psutil.Process]) -> psutil.Process | None:
    """A child that has events in hand at this moment."""
    by_name = {consumer(child.pid): child for child in children}
    for stream in streams:
        pending: Any = stream.redis.xpending(stream.name, GROUP)
        names = [one["name"].decode() for one in pending["consumers"]]
        if child := next((by_name[name] for name in names if name in by_name), None):
            return child
    return None


def in_hand(streams: Sequence[EventStream], pid: int) -> tuple[tuple[str, str], ...]:
    """The stream entries that this process has in hand: the stream's name and the entry's id."""
    found: list[tuple[str, str]] = []
    for stream in streams:
        entries: Any = stream.redis.xpending_range(stream.name, GROUP, "-", "+", MOST, consumername=consumer(pid))
        found += [(stream.name, entry["message_id"].decode()) for entry in entries]
    return tuple(found)


def consumer(pid: int) -> str:
    """How a worker's child names itself to the stream's group."""
    return f"{socket.gethostname()}:{pid}"
