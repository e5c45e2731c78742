"""`tell` from the midst of a chat: whatever happens is logged, without anybody's words, and never raised."""

import asyncio
import gc
import logging
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from escalation_client import AsyncPublisher, ConfidenceReported, MessageAdded, Publisher
from escalation_client.events import Event
from tests.client.stream import reports, sessions_in
from worker.embedded import EmbeddedValkey

ABSENT: dict[str, Any] = {"message_id": "m1", "sender": "user", "content": "Mrs Hansen fell"}
WRONG: dict[str, Any] = {**ABSENT, "session_id": "s1", "mood": "Mrs Hansen is angry"}


def broken(row: Any) -> Event:
    raise KeyError(row)


def broken_half_way(row: Any) -> Iterator[Event]:
    yield ConfidenceReported(session_id="s1", confidence=0.5)
    raise LookupError(row)


@pytest.mark.parametrize(
    ("kind", "arguments", "members"),
    [
        (MessageAdded, (), ABSENT),
        (MessageAdded, (), WRONG),
        (MessageAdded, ("Mrs Hansen",), {}),
        (MessageAdded, (), {**ABSENT, "session_id": "s1", "sender": "Mrs Hansen"}),
        (broken, ("Mrs Hansen",), {}),
        (broken_half_way, ("Mrs Hansen",), {}),
        (lambda: "Mrs Hansen", (), {}),
        (lambda: ["Mrs Hansen"], (), {}),
        (None, (), {}),
    ],
)
@pytest.mark.parametrize("publisher", ["threads", "loop"])
def test_what_cannot_be_built_is_logged_without_its_values(
    kind: Any, arguments: Any, members: Any, publisher: str, url: str, redis: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    async def tell() -> str | None:
        async with AsyncPublisher(url) as publisher:
            return await publisher.tell(kind, *arguments, **members)

    with caplog.at_level(logging.ERROR), Publisher(url) as threads:
        assert (threads.tell(kind, *arguments, **members) if publisher == "threads" else asyncio.run(tell())) is None
    assert "an event was not published" in caplog.text
    assert "Hansen" not in caplog.text
    assert sessions_in(redis) == []


def test_a_function_may_make_several_events_or_none(url: str, redis: Redis) -> None:
    with Publisher(url) as publisher:
        assert publisher.tell(lambda: None) is None
        assert publisher.tell(lambda: iter(())) is None
        last = publisher.tell(reports, 3)
    assert sessions_in(redis) == ["s0", "s1", "s2"]
    assert redis.xrevrange("escalation:events", count=1)[0][0].decode() == last  # type: ignore[index,union-attr]


def swept_away(folder: Path) -> None:
    """Once more where the publisher's thread has just made a file in it."""
    while folder.exists():
        shutil.rmtree(folder, ignore_errors=True)


def test_a_spool_that_was_swept_away_is_made_again(
    url: str, server: EmbeddedValkey, redis: Redis, spool: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with Publisher(url, spool=spool) as publisher, caplog.at_level(logging.ERROR):
        swept_away(spool)
        assert publisher.tell(ConfidenceReported, session_id="while redis is there", confidence=0.5)
        server.kill()
        assert publisher.tell(ConfidenceReported, session_id="while it is away", confidence=0.5) is None
        swept_away(spool)
        assert publisher.tell(ConfidenceReported, session_id="and swept again", confidence=0.5) is None
        assert not caplog.records
        server.start()
        assert publisher.flush(20)
    assert sessions_in(redis) == ["while redis is there", "and swept again"]


def test_a_spool_whose_place_a_file_has_taken_keeps_no_event_from_redis(url: str, redis: Redis, spool: Path) -> None:
    with Publisher(url, spool=spool) as publisher:
        shutil.rmtree(spool)
        spool.write_text("a file")
        assert publisher.tell(ConfidenceReported, session_id="s1", confidence=0.5)
    assert sessions_in(redis) == ["s1"]


# A loop that ended leaves its connections to the garbage collector, which says so.
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_one_publisher_serves_one_loop_after_the_other(
    url: str, redis: Redis, spool: Path, caplog: pytest.LogCaptureFixture
) -> None:
    publishers = [AsyncPublisher(url, spool=spool)]

    async def tell(session_id: str) -> str | None:
        return await publishers[0].tell(ConfidenceReported, session_id=session_id, confidence=0.5)

    async def close() -> None:
        assert not (
            await publishers[0].publish_and_wait(ConfidenceReported(session_id="4", confidence=0.5), 0)
        ).confirmed
        await publishers[0].aclose()

    with caplog.at_level(logging.ERROR):
        assert all(asyncio.run(tell(session_id)) for session_id in "123")
        asyncio.run(close())
    publishers.clear()
    gc.collect()
    assert not caplog.records
    assert sessions_in(redis) == ["1", "2", "3", "4"]
