"""Outcomes: read leniently, found for the session that is meant, and only after the place that is meant."""

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from redis import Redis

from escalation_client import AsyncOutcomeReader, OutcomeReader, ReadError
from escalation_client.errors import InvalidOutcome
from escalation_client.events import FIELD_OUTCOME, STREAM_OUTCOMES
from escalation_client.outcomes import decode_outcome
from worker.embedded import EmbeddedValkey


@pytest.fixture
def reader(url: str) -> Iterator[OutcomeReader]:
    with OutcomeReader(url) as reader:
        yield reader


def outcome(session_id: str | None = "s1", type: str = "ticket.opened", **members: Any) -> dict[str, Any]:
    document = {"id": str(uuid4()), "version": 1, "type": type, "occurred_at": "2026-03-01T08:30:00+00:00"}
    return document | {"session_id": session_id} | members


def tell(redis: Redis, **members: Any) -> str:
    """Write an outcome as the worker does; return its ticket number."""
    number = f"AB-20260301-{uuid4().hex[:4]}"
    redis.xadd(STREAM_OUTCOMES, {FIELD_OUTCOME: json.dumps(outcome(ticket_number=number, **members))})
    return number


def test_every_member_is_read_and_unknown_ones_are_kept() -> None:
    known: dict[str, Any] = {
        "id": "2f1c9a52-0d6e-4b53-9d0f-6f1f6b1f7a10",
        "event_id": "2f1c9a52-0d6e-4b53-9d0f-6f1f6b1f7a11",
        "ticket_id": "t1",
        "ticket_number": "AB-20260301-0001",
        "priority": "urgent",
        "reasons": ["safety_concern", "low_confidence"],
        "contact": {"name": "Emergency line"},
        "say": "Μείνετε μακριά.",
    }
    read = decode_outcome(json.dumps(outcome(**known, version="1.3", mood="calm")), "7-0")
    assert (read.id, read.event_id) == (UUID(known["id"]), UUID(known["event_id"]))
    assert (read.ticket_id, read.ticket_number, read.priority) == ("t1", "AB-20260301-0001", "urgent")
    assert read.reasons == ("safety_concern", "low_confidence")
    assert (read.contact, read.say) == ({"name": "Emergency line"}, "Μείνετε μακριά.")
    assert read.occurred_at == datetime(2026, 3, 1, 8, 30, tzinfo=UTC)
    assert (read.extra, read.entry_id) == ({"mood": "calm"}, "7-0")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b'{"id": 1}',
        json.dumps(outcome(version=2)),
        json.dumps(outcome(id="none")),
        json.dumps(outcome(occurred_at="yesterday")),
        json.dumps(outcome(reasons=7)),
    ],
)
def test_what_is_no_outcome_of_version_1_is_refused(raw: bytes | str) -> None:
    with pytest.raises(InvalidOutcome, match="7-0"):
        decode_outcome(raw, "7-0")


def test_only_what_came_after_the_position_is_found(reader: OutcomeReader, redis: Redis) -> None:
    earlier = tell(redis)
    position = reader.position()
    assert reader.wait_for_outcome("s1", 0.05, after=position) is None
    later = tell(redis)
    found = reader.wait_for_outcome("s1", 0, after=position)
    assert found is not None
    assert found.ticket_number == later != earlier


def test_other_sessions_other_types_and_broken_entries_are_passed_over(reader: OutcomeReader, redis: Redis) -> None:
    tell(redis, session_id="s2")
    tell(redis, session_id=None, type="event.rejected")
    redis.xadd(STREAM_OUTCOMES, {FIELD_OUTCOME: "{broken"})
    redis.xadd(STREAM_OUTCOMES, {"other": "field"})
    tell(redis, type="ticket.opened")
    accepted = tell(redis, type="mail.accepted")
    found = reader.wait_for_outcome("s1", 0, types={"mail.accepted"})
    assert found is not None
    assert found.ticket_number == accepted
    assert len(reader.read()) == 4


def test_an_outcome_that_comes_while_waiting_is_found_at_once(reader: OutcomeReader, redis: Redis) -> None:
    position = reader.position()
    numbers: list[str] = []
    presenter = threading.Timer(0.2, lambda: numbers.append(tell(redis)))
    began = time.monotonic()
    presenter.start()
    found = reader.wait_for_outcome("s1", 10, after=position)
    presenter.join()
    assert found is not None
    assert [found.ticket_number] == numbers
    assert time.monotonic() - began < 2


def test_a_long_wait_outlasts_the_connection_s_own_time_out(url: str, redis: Redis) -> None:
    with OutcomeReader(url, timeout=0.2) as reader:
        began = time.monotonic()
        assert reader.wait_for_outcome("s1", 2.6) is None
        assert time.monotonic() - began >= 2.6


def test_reading_goes_on_from_the_last_entry(reader: OutcomeReader, redis: Redis) -> None:
    first, second = tell(redis), tell(redis)
    one, two = reader.read()
    assert [one.ticket_number, two.ticket_number] == [first, second]
    third = tell(redis)
    assert [each.ticket_number for each in reader.read(two.entry_id, wait=1)] == [third]
    assert reader.read(reader.position(), wait=0.05) == []


def test_an_absent_redis_is_one_clear_error(reader: OutcomeReader, server: EmbeddedValkey) -> None:
    server.kill()
    with pytest.raises(ReadError, match=r"127\.0\.0\.1"):
        reader.wait_for_outcome("s1", 1)
    with pytest.raises(ReadError, match=r"127\.0\.0\.1"):
        reader.history("s1", timeout=1)


def test_a_history_that_no_worker_tells_is_an_error_after_the_time_out(reader: OutcomeReader, redis: Redis) -> None:
    began = time.monotonic()
    with pytest.raises(ReadError, match="no worker answered"):
        reader.history("s1", timeout=0.3)
    assert 0.3 <= time.monotonic() - began < 2
    assert redis.xlen("escalation:questions") == 1


def test_an_event_loop_waits_without_standing_still(url: str, redis: Redis) -> None:
    async def wait_for_three() -> list[str | None]:
        async with AsyncOutcomeReader(url) as reader:
            position = await reader.position()
            waits = [
                asyncio.create_task(reader.wait_for_outcome(session_id, 10, after=position)) for session_id in "abc"
            ]
            numbers.extend([tell(redis, session_id=session_id) for session_id in "abc"])
            found = await asyncio.gather(*waits)
            assert len(await reader.read()) == 3
            with pytest.raises(ReadError, match="no worker answered"):
                await reader.history("a", timeout=0.05)
            return [each.ticket_number for each in found if each]

    numbers: list[str] = []
    assert asyncio.run(wait_for_three()) == numbers
