"""A drain starts in the worker's own child while that is idle; else its hint is for whichever worker has one."""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from itertools import takewhile
from typing import Any

import psycopg2
import pytest
from celery import Celery
from redis import Redis
from sqlalchemy import Connection, text

from escalation_client.events import encode
from services.events.stream import EVENTS, GROUP
from tasks.celery_config import KEY_PREFIX
from tests.events import confidence
from tests.processes import PROGRAM, Processes, wait_for

HINTS = f"{KEY_PREFIX}events"
END = "all-is-said"


def tickets(connection: Connection) -> list[str]:
    return list(connection.execute(text("SELECT session_id FROM public.support_tickets ORDER BY 1")).scalars())


def has_ticket(connection: Connection, session_id: str) -> bool:
    return session_id in tickets(connection)


@contextmanager
def hints_sent(redis: Redis) -> Iterator[list[str]]:
    """What was put into the list of events meanwhile, once it is over."""
    untyped: Any = redis
    found: list[str] = []
    with untyped.monitor() as monitor:
        yield found
        untyped.echo(END)
        said = takewhile(lambda command: END not in command, (each["command"] for each in monitor.listen()))
        found += [command for command in said if command.startswith(f"LPUSH {HINTS} ")]


def publish(redis: Redis, session_id: str) -> None:
    redis.xadd(EVENTS, {"event": encode(confidence(session_id, 0.1))})


@pytest.fixture
def worker(family: Processes) -> None:
    family.start(PROGRAM, "worker", "-c", "1", "-Q", "events", "-l", "INFO").said("ready.")


@pytest.mark.usefixtures("worker")
def test_no_message_is_sent_where_a_child_is_idle(redis: Redis, connection: Connection) -> None:
    with hints_sent(redis) as hints:
        publish(redis, "s")
        wait_for(lambda: tickets(connection) == ["s"], "the ticket")
    assert hints == []


@pytest.mark.usefixtures("worker")
def test_whoever_has_a_child_is_rung_for_while_this_one_is_busy(
    redis: Redis, connection: Connection, database_url: str
) -> None:
    redis.xgroup_create(EVENTS, GROUP, id="0", mkstream=True)
    with hints_sent(redis) as hints, closing(psycopg2.connect(database_url)) as other:
        other.cursor().execute("LOCK TABLE escalation.event_inbox")
        publish(redis, "first")
        wait_for(lambda: redis.xpending(EVENTS, GROUP)["pending"], "the child to be busy")
        publish(redis, "second")
        wait_for(lambda: redis.exists("escalation:waiting:drain_events"), "the hint")
    assert len(hints) == 1
    wait_for(lambda: tickets(connection) == ["first", "second"], "both tickets")


@pytest.mark.usefixtures("worker")
def test_a_worker_that_was_told_to_leave_the_queue_starts_nothing(
    redis: Redis, redis_url: str, connection: Connection
) -> None:
    with Celery("operator", broker=redis_url) as operator:
        operator.conf.broker_transport_options = {"global_keyprefix": KEY_PREFIX}
        operator.control.cancel_consumer("events", reply=True, timeout=5)
    publish(redis, "s")
    wait_for(lambda: redis.llen(HINTS) == 1, "the hint")
    assert tickets(connection) == []


def test_a_child_that_has_ended_is_replaced_at_once(family: Processes, redis: Redis, connection: Connection) -> None:
    worker = family.start(
        "celery", "-A", "worker", "worker", "-c", "1", "--max-tasks-per-child", "1", "-Q", "events", "-l", "INFO"
    )
    worker.said("ready.")
    waited = []
    for number in range(8):
        began = time.monotonic()
        publish(redis, f"s{number}")
        wait_for(partial(has_ticket, connection, f"s{number}"), "the ticket")
        waited.append(time.monotonic() - began)
    # Left to itself Celery overlooks most and finds them after up to 5 s.
    assert max(waited) < 3.0, waited
