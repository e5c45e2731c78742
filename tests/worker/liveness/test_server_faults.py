"""What a liveness monitor observes of servers that answer and are not as they should be."""

from uuid import uuid4

import pytest
from redis import Redis
from sqlalchemy import Connection, create_engine, text

from services.database.engine import engine
from services.events.stream import EVENTS
from tests.services.counting import statements
from tests.tasks.conftest import connection, installation, redis
from tests.worker.liveness.monitors import LONG_AGO, PATIENCE, observe, pass_time, signs, watching
from worker.embedded import EmbeddedValkey

__all__ = ["connection", "installation", "redis"]


@pytest.mark.parametrize(
    ("change", "column"),
    [
        ("DROP COLUMN priority", "priority"),
        ("ALTER COLUMN resolution_notes SET NOT NULL", "resolution_notes must not be null"),
        ("ADD COLUMN tenant text NOT NULL", "tenant"),
    ],
)
def test_a_schema_that_was_changed_is_named(redis: Redis, connection: Connection, change: str, column: str) -> None:
    signs(redis)
    connection.execute(text(f"ALTER TABLE public.support_tickets {change}"))
    observation = observe(redis)
    assert observation.alarms["schema"].summary.startswith(
        f"the database is not as the worker needs it: public.support_tickets.{column}"
    )
    assert "postgresql" in observation.well


def test_a_schema_is_compared_anew_in_time_for_its_alarm_and_once_wrong_each_time(
    redis: Redis, connection: Connection
) -> None:
    signs(redis)
    monitor = watching(redis, since=0)
    assert "schema" in monitor.observe().well
    with statements(monitor.engine) as asked:
        assert "schema" in monitor.observe().well
    assert len(asked) < 10
    connection.execute(text("ALTER TABLE public.support_tickets RENAME priority TO urgency"))
    pass_time(monitor, PATIENCE * 0.75)
    observation = monitor.observe()
    assert "schema" not in observation.alarms.keys() | observation.well
    pass_time(monitor, PATIENCE * 0.25)
    assert "schema" in monitor.observe().alarms
    connection.execute(text("ALTER TABLE public.support_tickets RENAME urgency TO priority"))
    assert "schema" in monitor.observe().well


def test_a_database_that_only_reads_is_an_alarm_and_speaks_for_all_sweeps(
    redis: Redis, connection: Connection, database_url: str
) -> None:
    signs(redis, drain_events=LONG_AGO)
    reading = create_engine(
        engine().url, connect_args={"options": "-c default_transaction_read_only=on -c timezone=UTC"}
    )
    observation = observe(redis, reading)
    reading.dispose()
    assert list(observation.alarms) == ["postgresql_writes"]
    assert "read-only transaction" in observation.alarms["postgresql_writes"].summary
    assert "postgresql" in observation.well


def test_a_stream_that_is_a_key_of_another_type_is_named(redis: Redis) -> None:
    signs(redis)
    redis.lpush(EVENTS, "not a stream")
    alarms = observe(redis).alarms
    assert list(alarms) == ["stream"]
    assert "escalation:events is a list" in alarms["stream"].summary


def test_a_redis_that_takes_no_writes_says_why(redis: Redis, valkey: EmbeddedValkey) -> None:
    signs(redis)
    redis.config_set("maxmemory", 1)
    try:
        alarms = observe(redis).alarms
    finally:
        redis.config_set("maxmemory", 0)
    assert list(alarms) == ["redis"]
    assert "OutOfMemoryError" in alarms["redis"].summary


def test_a_user_without_rights_is_named(redis: Redis, redis_url: str) -> None:
    signs(redis)
    redis.acl_setuser("reader", enabled=True, nopass=True, keys=["*"], commands=["+@read", "+time", "+ping"])
    try:
        poor = Redis.from_url(f"redis://reader:any@{redis_url.partition('@')[2]}")
        alarms = watching(poor).observe().alarms
    finally:
        redis.acl_deluser("reader")
    assert "NoPermissionError" in alarms["redis"].summary


def test_a_negative_age_is_an_alarm(redis: Redis) -> None:
    signs(redis, keep_house=-3_600)
    alarms = observe(redis).alarms
    assert list(alarms) == ["clock"]
    assert alarms["clock"].summary.startswith("a clock was set back: Redis' by 3600 s")


def test_when_postgresql_s_clock_was_set_back_a_mail_that_was_due_in_3_seconds_still_is(
    redis: Redis, connection: Connection
) -> None:
    signs(redis)
    observe(redis)
    queue_mail(connection, due_in="1 hour 3 seconds")
    # What stands there once the clock has been set back by an hour.
    connection.execute(text("UPDATE escalation.settings SET updated_at = updated_at + interval '1 hour'"))
    assert list(observe(redis).alarms) == ["clock"]
    due_in = connection.execute(text("SELECT next_attempt_at - clock_timestamp() FROM escalation.mail_recipients"))
    assert due_in.scalar_one().total_seconds() < 4


def queue_mail(connection: Connection, due_in: str) -> None:
    mail_id = uuid4()
    connection.execute(
        text("""
            INSERT INTO escalation.mails (mail_id, session_id, template, lane, rank, message_id)
            VALUES (:mail_id, 'one', 'test', 'urgent', 1, :mail_id)
        """),
        {"mail_id": str(mail_id)},
    )
    connection.execute(
        text("""
            INSERT INTO escalation.mail_recipients (recipient_id, mail_id, address, lane, rank, state, next_attempt_at)
            VALUES (:mail_id, :mail_id, 'support@example.com', 'urgent', 1, 'deferred',
                    clock_timestamp() + CAST(:due_in AS interval))
        """),
        {"mail_id": str(mail_id), "due_in": due_in},
    )
