"""Whether Redis still has after a crash what it has confirmed, and whether it takes more.

What `INFO` says of it: Redis' documentation of the command, sections "persistence" and "memory".
"""

from collections.abc import Iterator
from typing import Any

from redis import Redis
from redis.exceptions import ResponseError

from worker.doctor.finding import CheckedPart, CheckResult

_TRIED = "look whether it keeps what it is given"
_ALWAYS = "Set appendonly yes and appendfsync always, or a crash loses events that were confirmed."
_DISK = "Look at its log, and at the space on its disk"
_NEARLY_FULL = 0.9


def check_durability(part: CheckedPart, redis: Redis, information: dict[str, Any]) -> Iterator[CheckResult]:
    found = [*_policies(part, redis, information), *_files(part, information), *_memory(part, information)]
    yield from found or [part.ok(_TRIED, "every write is on disk before it is confirmed")]


def _policies(part: CheckedPart, redis: Redis, information: dict[str, Any]) -> Iterator[CheckResult]:
    if not information.get("aof_enabled"):
        yield part.warning(_TRIED, "appendonly is off", _ALWAYS)
    elif (sync := _appendfsync(redis)) not in {"always", None}:
        yield part.warning(_TRIED, f"appendfsync is {sync}: a crash loses the last second", _ALWAYS)
    policy = information.get("maxmemory_policy", "noeviction")
    if policy != "noeviction":
        words = f"maxmemory-policy is {policy}: it may drop events"
        yield part.broken(_TRIED, words, "Set maxmemory-policy noeviction.")


def _files(part: CheckedPart, information: dict[str, Any]) -> Iterator[CheckResult]:
    """What went wrong on its disk; after the first and the last of these it takes no events."""
    if information.get("aof_last_write_status", "ok") != "ok":
        yield part.broken(_TRIED, "it could not write its file, and refuses events", f"{_DISK}; it goes on by itself.")
    if information.get("aof_last_bgrewrite_status", "ok") != "ok":
        words = "it could not write its file anew, which therefore grows"
        yield part.warning(_TRIED, words, f"{_DISK}, which has to hold it twice; then: redis-cli BGREWRITEAOF.")
    if information.get("rdb_last_bgsave_status", "ok") != "ok":
        words = "its last snapshot failed: it refuses events unless stop-writes-on-bgsave-error is off"
        yield part.broken(_TRIED, words, f"{_DISK}; then: redis-cli BGSAVE.")


def _memory(part: CheckedPart, information: dict[str, Any]) -> Iterator[CheckResult]:
    used, most = information.get("used_memory", 0), information.get("maxmemory", 0)
    if not most or used <= _NEARLY_FULL * most:
        return
    found = f"{used / most:.0%} of its memory is used"
    remedy = "Give it more memory (maxmemory), or let others who share it take less."
    if used < most:
        yield part.warning(_TRIED, f"{found}: it will refuse events", remedy)
    else:
        yield part.broken(_TRIED, f"{found}: it refuses events", remedy)


def _appendfsync(redis: Redis) -> str | None:
    """None where a server's owner lets nobody ask."""
    try:
        answer: Any = redis.config_get("appendfsync")
    except ResponseError:
        return None
    value: str | None = answer.get("appendfsync")
    return value
