"""Outcomes are published by what is committed, not by a position up to which all was seen (docs/field-reports.md)."""

import json

from redis import Redis
from sqlalchemy import Connection

from services.database.engine import begin, engine
from services.events.stream import OUTCOMES
from services.installation import Installation
from services.outbox.outcomes import NewOutcome, queue_outcomes, relay
from tests.tasks.conftest import connection, installation, redis

__all__ = ["connection", "installation", "redis"]


def outcome(session: str) -> NewOutcome:
    return NewOutcome(cause=(session,), type="ticket.opened", session_id=session)


def published(redis: Redis) -> list[str]:
    entries: list[tuple[bytes, dict[bytes, bytes]]] = redis.xrange(OUTCOMES)  # type: ignore[assignment]
    return [json.loads(entry[b"outcome"])["session_id"] for _, entry in entries]


def relay_all(redis: Redis) -> int:
    with begin() as own:
        return relay(own, redis, 100, 10_000)


def test_an_outcome_that_commits_late_is_not_skipped(
    installation: Installation, connection: Connection, redis: Redis
) -> None:
    """Its position is the earlier one, since a sequence counts before the commit."""
    with engine().connect() as slow:
        queue_outcomes(slow, [outcome("slow")])
        with begin() as own:
            queue_outcomes(own, [outcome("quick")])
        assert relay_all(redis) == 1
        slow.commit()
    assert relay_all(redis) == 1
    assert published(redis) == ["quick", "slow"]


def test_two_that_relay_at_once_publish_nothing_twice(
    installation: Installation, connection: Connection, redis: Redis
) -> None:
    with begin() as own:
        queue_outcomes(own, [outcome(f"session {number}") for number in range(5)])
    with begin() as first:
        assert relay(first, redis, 3, 10_000) == 3
        assert relay_all(redis) == 2
    assert sorted(published(redis)) == [f"session {number}" for number in range(5)]
