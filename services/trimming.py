"""Keeping the stream short: only what every group has read and finished may go."""

from typing import Any

from redis import Redis
from redis.exceptions import ResponseError

from services.stream import EVENTS


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
    needed = [key(needed_by(redis, group)) for group in groups]
    seconds, _ = redis.time()
    recent = ((seconds - keep_seconds) * 1000, 0)
    milliseconds, sequence = min([*needed, recent])
    return int(redis.xtrim(EVENTS, minid=f"{max(milliseconds, 0)}-{sequence}", approximate=True))


def needed_by(redis: Redis, group: dict[str, Any]) -> bytes:
    """The lowest id that this group needs: its first pending entry, else the last one that it was given."""
    pending = redis.xpending(EVENTS, group["name"])
    return bytes(pending["min"] if pending["pending"] else group["last-delivered-id"])


def key(entry_id: bytes) -> tuple[int, int]:
    milliseconds, _, sequence = entry_id.decode().partition("-")
    return int(milliseconds), int(sequence or 0)
