"""Into which stream an event goes: as the worker says it, and into the one stream until it says anything."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from escalation_client import AsyncPublisher, Event, Publisher
from escalation_client.events import FIELD, STREAM_EVENTS, decode
from escalation_client.layout import KEY_STREAMS, Layout, stream_name, stream_of
from tests.client.stream import reports, sessions_in
from worker.embedded import EmbeddedValkey


@pytest.fixture(params=["threads", "loop"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def publish(kind: str, url: str, events: Sequence[Event], **options: Any) -> list[str | None]:
    """By a publisher that begins now."""
    if kind == "threads":
        with Publisher(url, **options) as publisher:
            return publisher.publish_many(events)

    async def run() -> list[str | None]:
        async with AsyncPublisher(url, **options) as publisher:
            return await publisher.publish_many(events)

    return asyncio.run(run())


def by_stream(redis: Redis, number: int) -> dict[str, list[str]]:
    """The sessions in each of the numbered streams."""
    found = {}
    for name in map(stream_name, range(number)):
        entries: Any = redis.xrange(name)
        found[name] = [decode(fields[FIELD.encode()]).session_id for _, fields in entries]
    return found


def test_a_session_has_one_stream_and_another_language_can_tell_which() -> None:
    assert stream_of("s-1", 4) == "escalation:events:{2}"  # the CRC-32 of "s-1" is 3624031694
    assert stream_of("συνεδρία", 4) == "escalation:events:{3}"  # of its UTF-8
    assert {stream_of(f"s{number}", 4) for number in range(40)} == {stream_name(number) for number in range(4)}


def test_events_go_where_the_worker_says_and_ids_come_back_in_order(kind: str, url: str, redis: Redis) -> None:
    redis.set(KEY_STREAMS, 4)
    events = reports(200)
    ids = publish(kind, url, events)
    found = by_stream(redis, 4)
    assert sum(map(len, found.values())) == 200
    assert not redis.exists(STREAM_EVENTS)
    for event, entry_id in zip(events, ids, strict=True):
        name = stream_of(event.session_id, 4)
        assert event.session_id in found[name]
        assert redis.xrange(name, entry_id, entry_id)  # type: ignore[arg-type]


@pytest.mark.parametrize("said", [None, "0", "65", "many", "-1", "4.0"])
def test_without_a_usable_number_events_go_into_the_one_stream(
    kind: str, url: str, redis: Redis, said: str | None
) -> None:
    if said is not None:
        redis.set(KEY_STREAMS, said)
    publish(kind, url, reports(3))
    assert sessions_in(redis) == ["s0", "s1", "s2"]


def test_whoever_may_not_ask_uses_the_one_stream(kind: str, url: str, redis: Redis) -> None:
    redis.set(KEY_STREAMS, 4)
    redis.acl_setuser("writer", enabled=True, passwords=["+pw"], keys=["escalation:events"], commands=["+xadd"])
    publish(kind, url.replace(url.split("@")[0], "redis://writer:pw"), reports(3))
    assert sessions_in(redis) == ["s0", "s1", "s2"]


def test_a_key_of_another_type_harms_nobody(kind: str, url: str, redis: Redis) -> None:
    redis.lpush(KEY_STREAMS, 4)
    publish(kind, url, reports(1))
    assert sessions_in(redis) == ["s0"]


def test_what_waited_on_disk_goes_there_too(
    kind: str, url: str, redis: Redis, server: EmbeddedValkey, spool: Path
) -> None:
    redis.set(KEY_STREAMS, 4)
    server.kill()
    assert publish(kind, url, reports(20), spool=spool) == [None] * 20
    server.start()
    with Publisher(url, spool=spool) as publisher:
        assert publisher.flush(30)
    found = by_stream(redis, 4)
    assert sorted(session for sessions in found.values() for session in sessions) == sorted(
        f"s{number}" for number in range(20)
    )
    assert all(stream_of(session, 4) == name for name, sessions in found.items() for session in sessions)


def test_publish_and_wait_puts_its_event_there(kind: str, url: str, redis: Redis) -> None:
    redis.set(KEY_STREAMS, 4)
    (event,) = reports(1)

    async def run() -> None:
        async with AsyncPublisher(url) as publisher:
            assert (await publisher.publish_and_wait(event, 0)).entry_id

    if kind == "loop":
        asyncio.run(run())
    else:
        with Publisher(url) as publisher:
            assert publisher.publish_and_wait(event, 0).entry_id
    assert by_stream(redis, 4)[stream_of("s0", 4)] == ["s0"]


def test_what_names_no_session_goes_into_the_one_stream() -> None:
    layout = Layout()
    layout.learn(b"4")
    texts = ["{broken", "[]", "7", '{"session_id": 7}', "[" * 100_000, '{"session_id": "\\ud800"}']
    assert [placed.stream for placed in layout.place(texts)][:5] == [STREAM_EVENTS] * 5
    assert layout.place(texts)[5].stream == stream_of("\ud800", 4)


def test_with_the_rights_of_the_readme_it_finds_the_streams(kind: str, url: str, redis: Redis) -> None:
    redis.set(KEY_STREAMS, 4)
    rights = "~escalation:events +xadd ~escalation:events:* %R~escalation:event_streams +get"
    redis.execute_command("ACL", "SETUSER", "spreader", "on", ">pw", *rights.split())  # type: ignore[no-untyped-call]
    publish(kind, url.replace(url.split("@")[0], "redis://spreader:pw"), reports(3))
    assert sum(map(len, by_stream(redis, 4).values())) == 3
