"""Keeping the stream short: only what every group has read and finished may go."""

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from redis import Redis
from redis.exceptions import ResponseError

from services.events.stream import EVENTS, StreamEntry, as_entry


def trim(redis: Redis, keep_seconds: int) -> int:
    """Delete entries below the lowest id that any group still needs, but nothing of the last `keep_seconds`.

    :return: how many entries went
    """
    try:
        groups = redis.xinfo_groups(EVENTS)
    except ResponseError:
        return 0  # no stream yet
    if not groups:
        return 0
    needed = [_key(_needed_by(redis, group)) for group in groups]
    seconds, _ = redis.time()
    recent = ((seconds - keep_seconds) * 1000, 0)
    milliseconds, sequence = min([*needed, recent])
    return int(redis.xtrim(EVENTS, minid=f"{max(milliseconds, 0)}-{sequence}", approximate=True))


def _needed_by(redis: Redis, group: dict[str, Any]) -> bytes:
    """The lowest id that this group needs: its first pending entry, else the last one that it was given."""
    pending = redis.xpending(EVENTS, group["name"])
    return bytes(pending["min"] if pending["pending"] else group["last-delivered-id"])


def _key(entry_id: bytes) -> tuple[int, int]:
    milliseconds, _, sequence = entry_id.decode().partition("-")
    return int(milliseconds), int(sequence or 0)


_STEP = 500


@dataclass(slots=True)
class _Left:
    """How many entries went, and how many are still to be read: those are erased by another run afterwards."""

    gone: int = 0
    waiting: int = 0


def erase_entries(redis: Redis, sessions: Collection[str]) -> _Left:
    """Delete the entries of these sessions that every group has finished; one that waits would be lost."""
    left = _Left()
    finished = _finished_up_to(redis)
    for entries in steps(redis):
        theirs = [entry.entry_id for entry in entries if _session_of(entry) in sessions]
        done = [entry_id for entry_id in theirs if _key(entry_id.encode()) <= finished]
        left.gone += int(redis.xdel(EVENTS, *done)) if done else 0
        left.waiting += len(theirs) - len(done)
    return left


def steps(redis: Redis) -> Iterator[list[StreamEntry]]:
    """The whole stream, some entries at a time."""
    start = "-"
    while entries := [as_entry(item) for item in items(redis.xrange(EVENTS, min=start, count=_STEP))]:
        yield entries
        start = f"({entries[-1].entry_id}"


def items(answer: Any) -> list[Any]:
    return list(answer)


def _session_of(entry: StreamEntry) -> str | None:
    """Whose it is; what cannot be read is nobody's, and goes with time."""
    try:
        event = json.loads(entry.raw or b"")
    except (ValueError, RecursionError):
        return None
    session = event.get("session_id") if isinstance(event, dict) else None
    return session if isinstance(session, str) else None


def _finished_up_to(redis: Redis) -> tuple[int, int]:
    """The highest id up to which every group has read and acknowledged all."""
    try:
        groups = redis.xinfo_groups(EVENTS)
    except ResponseError:
        return 0, 0  # no stream yet
    return min((_finished_by(redis, group) for group in groups), default=(0, 0))


def _finished_by(redis: Redis, group: dict[str, Any]) -> tuple[int, int]:
    pending = redis.xpending(EVENTS, group["name"])
    if not pending["pending"]:
        return _key(bytes(group["last-delivered-id"]))
    milliseconds, sequence = _key(bytes(pending["min"]))
    return (milliseconds, sequence - 1) if sequence else (milliseconds - 1, 2**64)
