"""An entry that left the stream while it was pending does not stay pending for ever."""

from typing import Any

from redis import Redis

from services.events.stream import EVENTS, GROUP, EventStream, acknowledge, ensure_group, forget_deleted, read_new
from tests.tasks.conftest import connection, installation, redis

__all__ = ["connection", "installation", "redis"]


def test_deleted_pending_entries_are_acknowledged_and_the_others_stay(redis: Redis) -> None:
    """As Redis 6.2 leaves them: pending, and gone from the stream."""
    redis.delete(EVENTS)
    ensure_group(EventStream(redis))
    ids: list[Any] = [redis.xadd(EVENTS, {"event": str(number)}) for number in range(3)]
    last = ids[2].decode()
    read_new(EventStream(redis), 10)
    redis.xdel(EVENTS, ids[0], ids[1])
    assert redis.xpending(EVENTS, GROUP)["pending"] == 3
    assert forget_deleted(EventStream(redis), 10) == 2
    assert [entry["message_id"] for entry in redis.xpending_range(EVENTS, GROUP, "-", "+", 10)] == [ids[2]]
    acknowledge(EventStream(redis), [last])
    assert forget_deleted(EventStream(redis), 10) == 0
