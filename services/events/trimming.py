"""Keeping the streams short: only what every group has read and finished may go."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from redis import Redis
from redis.exceptions import AskError, ClusterDownError, RedisError, ResponseError, WatchError

from escalation_client.layout import session_in
from services.events.layout import event_streams
from services.events.stream import EventStream, StreamEntry, as_entry


def trim(redis: Redis, keep_seconds: int) -> int:
    """Delete entries below the lowest id that any group still needs, but nothing of the last `keep_seconds`.

    A stream of another number of streams goes altogether when all of it may go.

    :return: how many entries went
    :raises redis.exceptions.RedisError: a server is away; the streams of all others were trimmed
    """
    gone, failure = 0, None
    for stream in event_streams(redis):
        try:
            gone += _trim(stream, keep_seconds)
        except RedisError as error:
            failure = error
    if failure:
        raise failure
    return gone


def _trim(stream: EventStream, keep_seconds: int) -> int:
    groups = _groups_of(stream.redis, stream.name)
    if not groups:
        return 0
    if stream.is_earlier and (gone := _remove_finished(stream, keep_seconds)):
        return gone
    needed = min(_key(_needed_by(stream, group)) for group in groups)
    milliseconds, sequence = _up_to(stream.redis, needed, keep_seconds)
    return int(stream.redis.xtrim(stream.name, minid=f"{max(milliseconds, 0)}-{sequence}", approximate=True))


def _remove_finished(stream: EventStream, keep_seconds: int) -> int:
    """Delete a stream whose entries are all finished, and old, unless one is added at this moment; how many went."""
    with stream.redis.pipeline() as pipeline:
        pipeline.watch(stream.name)  # type: ignore[no-untyped-call]
        newest: Any = pipeline.xrevrange(stream.name, count=1)
        last = _key(newest[0][0]) if newest else (0, 0)
        if last > _up_to(pipeline, _finished_up_to(pipeline, stream.name), keep_seconds):
            return 0
        pipeline.multi()
        pipeline.xlen(stream.name)
        pipeline.delete(stream.name)
        try:
            return int(pipeline.execute()[0])
        except WatchError:
            return 0


def _up_to(redis: Redis, finished: tuple[int, int], keep_seconds: int) -> tuple[int, int]:
    """What is finished and old.

    An id far ahead of Redis' clock tells no age, and would be kept until that clock is there: a publisher has given one
    that is no time, or the clock was wrong once, which Redis counts on from.
    """
    seconds, _ = redis.time()
    if finished[0] > (seconds + keep_seconds) * 1000:
        return finished
    return min(finished, ((seconds - keep_seconds) * 1000, 0))


def _groups_of(redis: Redis, name: str) -> list[dict[str, Any]]:
    """The stream's groups; none where there is no such stream."""
    try:
        groups: list[dict[str, Any]] = redis.xinfo_groups(name)
    except ResponseError as error:
        if isinstance(error, AskError | ClusterDownError):
            raise
        return []
    return groups


def _needed_by(stream: EventStream, group: dict[str, Any]) -> bytes:
    """The lowest id that this group needs: its first pending entry, else the last one that it was given."""
    pending = stream.redis.xpending(stream.name, group["name"])
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
    for stream in event_streams(redis):
        finished = _finished_up_to(stream.redis, stream.name)
        for entries in _steps(stream):
            theirs = [entry.entry_id for entry in entries if session_in(entry.raw or b"") in sessions]
            done = [entry_id for entry_id in theirs if _key(entry_id.encode()) <= finished]
            left.gone += int(stream.redis.xdel(stream.name, *done)) if done else 0
            left.waiting += len(theirs) - len(done)
    return left


def take_back(redis: Redis, session_id: str, since: str) -> None:
    """Delete a session's entries from this id on, whether anybody has read them or not: nobody shall find them."""
    for stream in event_streams(redis):
        for entries in _steps(stream, since):
            if theirs := [entry.entry_id for entry in entries if session_in(entry.raw or b"") == session_id]:
                stream.redis.xdel(stream.name, *theirs)


def _steps(stream: EventStream, since: str = "-") -> Iterator[list[StreamEntry]]:
    """The whole stream, or what it has from an id on, some entries at a time."""
    start = since
    while answer := stream.redis.xrange(stream.name, min=start, count=_STEP):
        entries = [as_entry(item) for item in answer]
        yield entries
        start = f"({entries[-1].entry_id}"


def _finished_up_to(redis: Redis, name: str) -> tuple[int, int]:
    """The highest id up to which every group has read and acknowledged all."""
    return min((_finished_by(redis, name, group) for group in _groups_of(redis, name)), default=(0, 0))


def _finished_by(redis: Redis, name: str, group: dict[str, Any]) -> tuple[int, int]:
    pending = redis.xpending(name, group["name"])
    if not pending["pending"]:
        return _key(bytes(group["last-delivered-id"]))
    milliseconds, sequence = _key(bytes(pending["min"]))
    return (milliseconds, sequence - 1) if sequence else (milliseconds - 1, 2**64)
