"""A flood of entries that cannot be used, with good ones among them, against real worker processes."""

import time
from collections.abc import Callable

import pytest
from redis import Redis
from sqlalchemy import Connection, text

from config.settings import Settings
from services.events.stream import OUTCOMES
from services.monitoring.health import measure_all_streams
from tests.acceptance.conftest import connection, environment, family, redis, told
from tests.fuzz.flood import KINDS, TICKET_EVERY, publish
from tests.processes import Processes, wait_for

__all__ = ["connection", "environment", "family", "redis", "told"]

pytestmark = pytest.mark.usefixtures("told")

FEW, MANY = 5_000, 100_000
MOST_OUTCOMES = Settings.model_fields["outcomes_keep"].default
LARGEST_CHILD = 200_000_000

Count = Callable[[str], int]


@pytest.fixture
def count(connection: Connection) -> Count:
    return lambda what: int(connection.execute(text(f"SELECT count(*) FROM {what}")).scalar_one())


@pytest.mark.parametrize("bad", [FEW, pytest.param(MANY, marks=pytest.mark.fuzz)])
def test_all_good_ones_are_evaluated_and_all_bad_ones_set_aside(
    family: Processes, redis: Redis, connection: Connection, count: Count, bad: int, capsys: pytest.CaptureFixture[str]
) -> None:
    worker = family.worker(queues="events,sweeps")
    began = time.monotonic()
    good = publish(redis, bad)
    published = time.monotonic() - began
    wait_for(lambda: measure_all_streams(redis)[:2] == (0, 0), "no lag, nothing pending", seconds=600)
    seconds = time.monotonic() - began

    assert count("escalation.event_inbox") == good
    assert count("public.support_tickets") == -(-good // TICKET_EVERY)
    assert count("escalation.rejected_events") == bad
    assert connection.execute(text("SELECT sum(times_seen) FROM escalation.rejected_events")).scalar_one() == bad
    assert unexplained(connection) == []
    assert told_of_rejected(connection) < MOST_OUTCOMES // 5
    wait_for(lambda: count("escalation.outcomes WHERE published_at IS NULL") == 0, "all outcomes published")
    assert redis.xlen(OUTCOMES) <= MOST_OUTCOMES * 1.1
    memory = max(child.memory_info().rss for child in worker.children())
    assert memory < LARGEST_CHILD
    with capsys.disabled():
        print(f"\nflood: bad={bad} good={good} published={published:.1f}s done={seconds:.1f}s "
              f"entries_a_second={(bad + good) / seconds:.0f} good_p99={waited(connection):.2f}s "
              f"child={memory / 1e6:.0f}MB lag=0 pending=0")  # fmt: skip


def unexplained(connection: Connection) -> list[str]:
    """Reasons that are none of those that the kinds have."""
    known = " OR ".join(f"strpos(reason, :r{place}) > 0" for place in range(len(KINDS)))
    statement = f"SELECT DISTINCT reason FROM escalation.rejected_events WHERE NOT ({known}) LIMIT 5"
    values = {f"r{place}": kind.reason for place, kind in enumerate(KINDS.values())}
    return list(connection.execute(text(statement), values).scalars())


def told_of_rejected(connection: Connection) -> int:
    statement = "SELECT count(*) FROM escalation.outcomes WHERE payload ->> 'type' = 'event.rejected'"
    return int(connection.execute(text(statement)).scalar_one())


def waited(connection: Connection) -> float:
    """How long 99 of 100 good events waited at most between Redis and PostgreSQL, in seconds."""
    statement = """SELECT percentile_cont(0.99) WITHIN GROUP (ORDER BY extract(epoch FROM received_at - published_at))
                   FROM escalation.event_inbox"""
    return float(connection.execute(text(statement)).scalar_one())
