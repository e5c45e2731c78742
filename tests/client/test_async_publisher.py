"""Publishing from an event loop, which must go on turning."""

import asyncio
import socket
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from escalation_client import AsyncPublisher, ConfidenceReported, PublishError
from tests.client.stream import report, reports, sessions_in
from worker.embedded import EmbeddedValkey


def test_events_arrive_in_order_and_many_at_once(url: str, redis: Redis) -> None:
    async def publish() -> None:
        async with AsyncPublisher(url) as publisher:
            assert await publisher.publish(report("first"))
            await publisher.publish_many(reports(700))
            await asyncio.gather(*(publisher.publish(report("together")) for _ in range(50)))

    asyncio.run(publish())
    assert sessions_in(redis)[:701] == ["first", *(event.session_id for event in reports(700))]
    assert sessions_in(redis)[701:] == ["together"] * 50


def test_an_absent_redis_is_an_error_when_asked_and_silence_in_a_chat(url: str, server: EmbeddedValkey) -> None:
    async def publish() -> None:
        async with AsyncPublisher(url) as publisher:
            with pytest.raises(PublishError, match=r"127\.0\.0\.1"):
                await publisher.publish(report("s1"))
            assert await publisher.tell(ConfidenceReported, session_id="s1", confidence=7.0) is None
            assert await publisher.tell(ConfidenceReported, session_id="s1", confidence=0.7) is None

    server.kill()
    asyncio.run(publish())


def test_while_redis_is_away_events_wait_on_disk_and_follow_in_order(
    url: str, server: EmbeddedValkey, redis: Redis, spool: Path
) -> None:
    async def publish() -> None:
        async with AsyncPublisher(url, spool=spool) as publisher:
            assert await publisher.publish(report("1"))
            server.kill()
            assert await publisher.publish(report("2")) is None
            assert await publisher.publish_many([report("3"), report("4")]) == [None, None]
            server.start()
            assert await publisher.flush(20)
            assert await publisher.publish(report("5"))

    asyncio.run(publish())
    assert sessions_in(redis) == list("12345")


def test_the_loop_turns_while_redis_does_not_answer(spool: Path) -> None:
    async def publish(port: int) -> None:
        async with AsyncPublisher(f"redis://127.0.0.1:{port}/0", spool=spool, timeout=1.5) as publisher:
            assert await publisher.publish(report("s1")) is None

    with socket.create_server(("127.0.0.1", 0)) as deaf:
        longest = asyncio.run(longest_pause(publish(deaf.getsockname()[1])))
    assert longest < 0.75


async def longest_pause(work: Coroutine[Any, Any, None]) -> float:
    """The longest time in seconds that the loop did nothing else while it worked."""
    task = asyncio.create_task(work)
    longest, last = 0.0, time.monotonic()
    while not task.done():
        await asyncio.sleep(0.005)
        longest, last = max(longest, time.monotonic() - last), time.monotonic()
    await task
    return longest
