"""Whatever is killed, no event is lost and none counts twice."""

import random
from collections.abc import Sequence
from typing import Any

import psutil
import pytest
from redis import Redis
from sqlalchemy import Connection, text

from escalation_client.events import Event, encode
from services.events.stream import EVENTS, GROUP
from tests.events import confidence, message, started, step
from tests.processes import Process, Processes, wait_for

pytestmark = pytest.mark.long

SESSIONS = 200
ESCALATING = 40


def storm() -> list[Event]:
    """2,000 events of 200 sessions, of which 40 escalate, shuffled."""
    events: list[Event] = []
    for number in range(SESSIONS):
        session = f"session-{number}"
        events += [
            started(session),
            message(session, "the pump makes a noise"),
            *(step(session, n) for n in range(1, 8)),
        ]
        events.append(confidence(session, 0.1 if number < ESCALATING else 0.8))
    random.Random(7).shuffle(events)
    return events


def publish(redis: Redis, events: Sequence[Event]) -> None:
    with redis.pipeline(transaction=False) as pipeline:
        for event in events:
            pipeline.xadd(EVENTS, {"event": encode(event)})
        pipeline.execute()


def count(connection: Connection, table: str) -> int:
    return int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


def finished(connection: Connection, redis: Redis) -> bool:
    stored = count(connection, "escalation.event_inbox") == 10 * SESSIONS
    return stored and redis.xpending(EVENTS, GROUP)["pending"] == 0


def assert_nothing_lost_and_nothing_doubled(connection: Connection) -> None:
    assert count(connection, "escalation.event_inbox") == 10 * SESSIONS
    assert count(connection, "public.support_tickets") == ESCALATING
    assert count(connection, "public.escalation_triggers") == ESCALATING
    assert count(connection, "escalation.mails") == ESCALATING
    assert count(connection, "escalation.outcomes") == ESCALATING
    numbers: list[Any] = list(connection.execute(text("SELECT ticket_number FROM public.support_tickets")).scalars())
    assert sorted(int(number.rsplit("-")[-1]) for number in numbers) == list(range(1, ESCALATING + 1))


SMALL_BATCHES = {"BATCH_SIZE": "20", "RECLAIM_AFTER_SECONDS": "1"}


def half_done(connection: Connection) -> None:
    wait_for(lambda: count(connection, "escalation.event_inbox") > 300, "the first events in the inbox")


def children_of(process: Process) -> list[psutil.Process]:
    wait_for(lambda: len(process.children()) > 0, "the worker's children")
    return process.children()


def test_a_worker_killed_in_the_middle_of_two_thousand_events(
    family: Processes, redis: Redis, connection: Connection
) -> None:
    family.environment |= SMALL_BATCHES
    worker = family.worker()
    family.beat()
    publish(redis, storm())
    half_done(connection)
    worker.kill()
    family.worker()
    wait_for(lambda: finished(connection, redis), "all events in the inbox and nothing pending")
    assert_nothing_lost_and_nothing_doubled(connection)


def test_children_killed_in_the_middle_of_two_thousand_events(
    family: Processes, redis: Redis, connection: Connection
) -> None:
    family.environment |= SMALL_BATCHES
    worker = family.worker()
    family.beat()
    publish(redis, storm())
    half_done(connection)
    for child in children_of(worker):
        child.kill()
    wait_for(lambda: finished(connection, redis), "all events in the inbox and nothing pending")
    assert_nothing_lost_and_nothing_doubled(connection)


def test_all_keys_of_celery_deleted_delay_and_lose_nothing(
    family: Processes, redis: Redis, connection: Connection
) -> None:
    family.environment |= SMALL_BATCHES
    family.worker()
    family.beat()
    publish(redis, storm())
    half_done(connection)
    for _ in range(20):
        for key in [*redis.scan_iter("escalation:celery:*"), *redis.scan_iter("escalation:waiting:*")]:
            redis.delete(key)
    wait_for(lambda: finished(connection, redis), "all events in the inbox and nothing pending")
    assert_nothing_lost_and_nothing_doubled(connection)
