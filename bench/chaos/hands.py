"""Which events a process has in hand: read from the stream and not yet acknowledged."""

import socket
from collections.abc import Sequence
from typing import Any

import psutil
from redis import Redis

from services.events.stream import EVENTS, GROUP

MOST = 1_000


def someone_with_events(redis: Redis, children: Sequence[psutil.Process]) -> psutil.Process | None:
    """A child that has events in hand at this moment."""
    by_name = {consumer(child.pid): child for child in children}
    pending: Any = redis.xpending(EVENTS, GROUP)
    names = [one["name"].decode() for one in pending["consumers"]]
    return next((by_name[name] for name in names if name in by_name), None)


def in_hand(redis: Redis, pid: int) -> tuple[str, ...]:
    """The ids of the stream entries that this process has in hand."""
    entries: Any = redis.xpending_range(EVENTS, GROUP, "-", "+", MOST, consumername=consumer(pid))
    return tuple(entry["message_id"].decode() for entry in entries)


def consumer(pid: int) -> str:
    """How a worker's child names itself to the stream's group."""
    return f"{socket.gethostname()}:{pid}"
