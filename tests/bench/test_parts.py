"""What the benchmarks are measured with: the mix, the mail server, the peer."""

import json
import smtplib
import ssl
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
from psycopg2.extras import execute_values
from redis import Redis
from sqlalchemy import create_engine, text

from bench.mix import escalating, mixed
from bench.original import escalate, make_sessions
from bench.rows import inbox_rows
from bench.sections.bare_steps import TABLES, renamed, rows_of_ticket
from bench.sections.events import INSERT
from bench.sink_process import Sink, sink_process
from services.database.engine import driver_url
from services.events.stream import EVENTS
from services.installation import Installation
from tasks.evaluation.drain import drain
from tests.tasks.conftest import installation, redis

__all__ = ["installation", "redis"]


@pytest.fixture(scope="module")
def sink(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sink]:
    folder: Path = tmp_path_factory.mktemp("sink")
    with sink_process(folder) as started:
        yield started


def test_the_mix_is_the_one_that_the_page_states() -> None:
    events = [json.loads(line) for line in mixed(20_000)]
    share = {kind: count / len(events) for kind, count in Counter(event["type"] for event in events).items()}
    assert share == {
        "message.added": pytest.approx(0.40, abs=0.02),
        "step.recorded": pytest.approx(0.30, abs=0.02),
        "confidence.reported": pytest.approx(0.25, abs=0.02),
        "diagnosis.made": pytest.approx(0.05, abs=0.02),
    }
    low = [event for event in events if event["data"].get("confidence", 1) < 0.3]
    assert len(low) == 0.05 * len({event["session_id"] for event in events})


@pytest.mark.parametrize("secured", [False, True], ids=["plain", "STARTTLS"])
def test_the_sink_takes_mail_of_several_on_one_connection(sink: Sink, secured: bool) -> None:
    with smtplib.SMTP("127.0.0.1", sink.port) as server:
        if secured:
            server.starttls(context=ssl.create_default_context(cafile=sink.authority))
        for size in (1, 10_000):
            body = "Subject: x\r\n\r\n" + "DATA\r\n.\r\nQUIT\r\n" * size
            assert server.sendmail("a@example.com", ["b@example.com"], body) == {}
        assert server.noop()[0] == 250


def test_the_original_opens_as_many_tickets_as_it_is_asked_to(database_url: str, sink: Sink) -> None:
    engine = create_engine(driver_url(database_url), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for session in make_sessions(connection, 3):
            escalate(connection, session, sink.port)
        numbers = connection.execute(text("SELECT ticket_number FROM public.support_tickets")).scalars().all()
        escalated = connection.execute(text("SELECT count(*) FROM public.ai_sessions WHERE status = 'escalated'"))
        assert escalated.scalar_one() == 3
    engine.dispose()
    assert len(set(numbers)) == 3


def test_the_rows_of_the_insert_are_those_of_the_events(database_url: str) -> None:
    lines = mixed(40)
    with closing(psycopg2.connect(database_url)) as connection, connection, connection.cursor() as cursor:
        execute_values(cursor, INSERT, inbox_rows(lines))
        cursor.execute("SELECT payload FROM escalation.event_inbox")
        stored = [payload["id"] for (payload,) in cursor.fetchall()]
    assert sorted(stored) == sorted(json.loads(line)["id"] for line in lines)


def test_every_escalating_event_is_a_session_of_its_own() -> None:
    assert len({json.loads(line)["session_id"] for line in escalating(50, "x")}) == 50


def test_the_bare_transaction_writes_the_rows_of_a_ticket(
    installation: Installation, redis: Redis, database_url: str
) -> None:
    redis.xadd(EVENTS, {"event": escalating(1, "bare")[0]})
    drain(redis, installation)
    with closing(psycopg2.connect(database_url)) as connection, connection, connection.cursor() as cursor:
        rows = rows_of_ticket(cursor)
        for number in (1, 2):
            cursor.execute(renamed(rows, number))
        written = {table: 3 for table in TABLES} | {"escalation.audit_log": 9}
        for table, count in written.items():
            cursor.execute(f"SELECT count(*) FROM {table}")
            assert cursor.fetchone() == (count,)
