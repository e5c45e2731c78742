"""Marked sessions go the whole way to a real mail server, to one address only, and leave nothing behind."""

import re
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy

import pytest
from redis import Redis
from sqlalchemy import Connection, text

from escalation_client.events import encode
from escalation_client.layout import KEY_STREAMS
from services.events.stream import EVENTS
from services.monitoring.metrics import read_delta, state
from services.outbox.synthetic_sessions import MARK, plan
from tests.events import confidence
from tests.processes import Processes, wait_for
from tests.worker.doctor.doctor import Doctor
from worker.embedded import LocalMailServer

pytestmark = pytest.mark.long

TABLES = (
    *("public.support_tickets", "public.ai_sessions", "public.escalation_triggers"),
    *(f"escalation.{name}" for name in ("event_inbox", "sessions", "tickets", "mails", "mail_recipients", "outcomes")),
)
OPTIONS = ("--end-to-end", "--to", "oncall@example.com")


def recipients(mail_server: LocalMailServer) -> set[str]:
    mails = [
        message_from_bytes(path.read_bytes(), policy=policy.default) for path in mail_server.mail_dir.glob("*.eml")
    ]
    return {str(mail["To"]) for mail in mails}


def left_over(connection: Connection) -> dict[str, int]:
    counts = {table: connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() for table in TABLES}
    return {table: count for table, count in counts.items() if count}


def test_every_reason_goes_the_whole_way(
    doctor: Doctor, family: Processes, connection: Connection, mail_server: LocalMailServer
) -> None:
    for path in mail_server.mail_dir.glob("*.eml"):
        path.unlink()
    family.worker()
    family.beat()
    result = doctor.run(*OPTIONS, "--reason", "all")
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout.count("mail accepted after") == 6
    used = re.findall(r"removed, but number (AB-\d{8}-\d{4}) is not given again", result.stdout)
    assert [number[-4:] for number in used] == ["0001", "0002", "0003", "0004", "0005", "0006"]
    kept = connection.execute(text("SELECT value FROM escalation.settings WHERE key = 'numbers_of_rehearsals'"))
    assert kept.scalar_one() == used
    assert recipients(mail_server) == {"oncall@example.com"}
    assert left_over(connection) == {}


def test_where_it_ended_is_said_and_nothing_is_left(doctor: Doctor, connection: Connection) -> None:
    result = doctor.run(*OPTIONS, "--seconds", "1")
    assert result.returncode == 1
    assert "does the worker run?" in result.stdout
    assert left_over(connection) == {}


@pytest.mark.parametrize("streams", ["1", "4"])
def test_a_worker_that_comes_later_finds_nothing_of_it(
    doctor: Doctor, family: Processes, connection: Connection, redis: Redis, streams: str
) -> None:
    family.environment["EVENT_STREAMS"] = streams
    redis.set(KEY_STREAMS, streams)
    assert doctor.run(*OPTIONS, "--seconds", "1").returncode == 1
    redis.xadd(EVENTS, {"event": encode(confidence("s1", 0.1))})
    family.worker()
    wait_for(lambda: sessions(connection), "the ticket of the event that is real")
    assert sessions(connection) == ["s1"]


def test_what_came_of_a_rehearsal_that_was_given_up_goes_to_nobody_else_and_goes_with_the_next(
    doctor: Doctor, family: Processes, connection: Connection, redis: Redis
) -> None:
    plan(connection, f"{MARK}given-up", "oncall@example.com")
    redis.xadd(EVENTS, {"event": encode(confidence(f"{MARK}given-up", 0.1))})
    family.worker()
    wait_for(lambda: sessions(connection), "the ticket that nobody wants")
    assert list(connection.execute(text("SELECT address FROM escalation.mail_recipients")).scalars()) == [OPTIONS[-1]]
    assert state(connection).unacknowledged == []
    counted = read_delta(connection, datetime.now(UTC) - timedelta(minutes=5), datetime.now(UTC))
    assert (counted.tickets, counted.decisions, counted.accepted) == ([], [], [])
    connection.execute(text("UPDATE escalation.settings SET updated_at = now() - interval '2 hours'"))
    assert doctor.run(*OPTIONS).returncode == 0
    assert left_over(connection) == {}


def sessions(connection: Connection) -> list[str]:
    return list(connection.execute(text("SELECT session_id FROM public.support_tickets")).scalars())


def test_an_address_is_needed(doctor: Doctor) -> None:
    result = doctor.run("--end-to-end")
    assert result.returncode == 2
    assert "--to" in result.stderr


def test_options_of_the_whole_way_are_refused_without_it(doctor: Doctor) -> None:
    for options in (("--reason", "all"), ("--to", "oncall@example.com"), ("--seconds", "5")):
        result = doctor.run(*options)
        assert (result.returncode, result.stdout) == (2, "")
        assert f"{options[0]}: only with --end-to-end" in result.stderr
