"""What a liveness monitor observes and reports, beside real servers whose last runs are written by hand."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from sqlalchemy import Connection, Engine, create_engine, text

from config.settings import get_settings
from services.database.engine import engine
from services.events.stream import EVENTS
from services.installation import Installation
from services.monitoring.health import redis_time
from tasks.sweeps import QueueTrouble
from tests.observe.webhook import Webhook, listening
from tests.services.counting import statements
from tests.tasks.conftest import connection, installation, redis
from worker.celery_app import app as celery
from worker.doorbell import SIGN_OF_LIFE_SECONDS
from worker.embedded import EmbeddedValkey
from worker.liveness.last_seen import BEAT, LAST_RUNS, last_runs, record_sweep
from worker.liveness.monitor import ALARMS, LivenessMonitor, Observation
from worker.liveness.notifier import AlertNotifier
from worker.liveness.program.signs import SIGN_OF_LIFE
from worker.schedule import SECONDS_BETWEEN

__all__ = ["connection", "installation", "redis"]

POSTGRESQL = {"postgresql", "postgresql_writes", "schema", "clock"}
REDIS = {"redis", "stream"}
ALL = {*POSTGRESQL, *REDIS, "worker", "beat", "sweeps"}
SWEEPS = [name.removeprefix("escalation.") for name in SECONDS_BETWEEN if SECONDS_BETWEEN[name] < 60]
PATIENCE, LONG_AGO = 10.0, 600.0


@pytest.fixture
def webhook(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> Iterator[Webhook]:
    with listening() as server:
        monkeypatch.setenv("ALERT_WEBHOOK_URL", server.url)
        get_settings.cache_clear()
        yield server


@pytest.fixture
def nowhere(installation: Installation) -> Iterator[Engine]:
    """A PostgreSQL that is away."""
    engine = create_engine("postgresql+psycopg2://127.0.0.1:1/x")
    yield engine
    engine.dispose()


def gone() -> Redis:
    """A Redis that is away."""
    return Redis.from_url("redis://127.0.0.1:1/0", retry=Retry(NoBackoff(), 0))


def signs(redis: Redis, worker: bool = True, beat: float = 0, **sweeps: float) -> None:
    """The signs of life, as many seconds old as said."""
    now = redis_time(redis)
    redis.set(SIGN_OF_LIFE, 1, ex=SIGN_OF_LIFE_SECONDS) if worker else redis.delete(SIGN_OF_LIFE)
    ran: Any = {name: now - sweeps.get(name.removeprefix("escalation."), 0) for name in SECONDS_BETWEEN}
    redis.hset(LAST_RUNS, mapping={BEAT: now - beat, **ran})


def watching(redis: Redis, database: Engine | None = None, since: float = LONG_AGO) -> LivenessMonitor:
    """A monitor that began so many seconds ago and has seen nothing since."""
    monitor = LivenessMonitor(database or engine(), redis, PATIENCE)
    monitor.began -= since
    return monitor


def pass_time(monitor: LivenessMonitor, seconds: float) -> None:
    """As if the last look were so long ago."""
    monitor.observed -= seconds
    monitor.compared -= seconds
    monitor.seen = {name: at - seconds for name, at in monitor.seen.items()}


def observe(redis: Redis, database: Engine | None = None) -> Observation:
    return watching(redis, database).observe()


def test_all_is_well(redis: Redis) -> None:
    signs(redis)
    assert observe(redis) == Observation({}, ALL)


def test_a_worker_that_is_gone_speaks_for_its_sweeps(redis: Redis) -> None:
    signs(redis, worker=False, drain_events=LONG_AGO, reconcile=LONG_AGO * 9)
    assert set(observe(redis).alarms) == {"worker"}


def test_beat_that_is_gone_speaks_for_all_sweeps(redis: Redis) -> None:
    signs(redis, beat=LONG_AGO, deliver_due=LONG_AGO)
    observation = observe(redis)
    assert set(observation.alarms) == {"beat"}
    assert observation.well == ALL - {"beat", "sweeps"}


def test_a_mailer_that_is_gone_is_seen_by_its_sweeps(redis: Redis) -> None:
    signs(redis, deliver_due=LONG_AGO, deliver_urgent=LONG_AGO)
    observation = observe(redis)
    assert observation.alarms["sweeps"].summary == "sweeps have not run for long: deliver_urgent, deliver_due"
    assert observation.well == ALL - {"sweeps"}


def test_a_schema_that_was_changed_is_named(redis: Redis, connection: Connection) -> None:
    signs(redis)
    connection.execute(text("ALTER TABLE public.support_tickets DROP COLUMN priority"))
    observation = observe(redis)
    assert observation.alarms["schema"].summary.startswith(
        "the database is not as the worker needs it: public.support_tickets.priority"
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


def test_while_redis_is_away_nobody_else_is_blamed_for_its_silence(redis: Redis) -> None:
    monitor = watching(gone())
    assert set(monitor.observe().alarms) == {"redis"}
    signs(redis, worker=False, beat=LONG_AGO)
    monitor.redis = redis
    assert monitor.observe() == Observation({}, POSTGRESQL | REDIS)


def test_postgresql_that_is_away_speaks_for_all_sweeps_and_they_have_time_once_it_is_back(
    redis: Redis, nowhere: Engine
) -> None:
    signs(redis, drain_events=LONG_AGO, deliver_due=LONG_AGO)
    monitor = watching(redis, nowhere)
    observation = monitor.observe()
    assert set(observation.alarms) == {"postgresql"}
    assert observation.well == {*REDIS, "worker", "beat"}
    monitor.engine = engine()
    assert monitor.observe() == Observation({}, ALL - {"sweeps"})
    pass_time(monitor, 0.9 * PATIENCE)
    assert monitor.observe().alarms == {}
    pass_time(monitor, 0.9 * PATIENCE)
    assert set(monitor.observe().alarms) == {"sweeps"}


def test_who_was_frozen_alarms_nobody_for_what_fell_silent_meanwhile(redis: Redis) -> None:
    signs(redis)
    monitor = watching(redis)
    assert monitor.observe().alarms == {}
    pass_time(monitor, LONG_AGO)
    # Beat is frozen with its liveness monitor, and rings again as it wakes.
    late: Any = dict.fromkeys(SWEEPS, LONG_AGO)
    signs(redis, **late)
    assert monitor.observe().alarms == {}


def test_who_has_just_begun_neither_alarms_nor_gives_the_all_clear(redis: Redis) -> None:
    signs(redis, worker=False, beat=LONG_AGO)
    assert watching(redis, since=0).observe() == Observation({}, POSTGRESQL | REDIS)


def notifiers(redis: Redis, database: Engine) -> list[AlertNotifier]:
    return [AlertNotifier(database, redis, get_settings()) for _ in range(3)]


def test_three_monitors_raise_it_once_and_once_that_it_is_over(redis: Redis, webhook: Webhook) -> None:
    everybody = notifiers(redis, engine())
    for notifier in everybody:
        notifier.notify(Observation({"beat": ALARMS["beat"]}, ALL - {"beat"}))
    assert [said.splitlines()[0] for said in webhook.texts()] == [f"Escalation worker: {ALARMS['beat'].summary}"]
    for notifier in everybody:
        notifier.notify(Observation({}, ALL))
    assert webhook.texts()[1:] == [f"Over: {ALARMS['beat'].summary}"]


def test_without_postgresql_they_agree_through_redis(redis: Redis, webhook: Webhook, nowhere: Engine) -> None:
    everybody = notifiers(redis, nowhere)
    for notifier in everybody:
        notifier.notify(Observation({"postgresql": ALARMS["postgresql"]}, set()))
    assert len(webhook.posts) == 1
    for notifier in everybody:
        notifier.notify(Observation({}, ALL))
    # One of them looked before it was over.
    everybody[0].notify(Observation({"postgresql": ALARMS["postgresql"]}, set()))
    assert webhook.texts()[1:] == [f"Over: {ALARMS['postgresql'].summary}"]


def test_without_both_each_tells_it_once_by_itself(webhook: Webhook, nowhere: Engine) -> None:
    notifier = AlertNotifier(nowhere, gone(), get_settings())
    both = {key: ALARMS[key] for key in ("postgresql", "redis")}
    notifier.notify(Observation(both, set()))
    notifier.notify(Observation(both, set()))
    assert len(webhook.posts) == 2
    notifier.notify(Observation({}, {"postgresql", "redis"}))
    assert sorted(webhook.texts()[2:]) == sorted(f"Over: {alarm.summary}" for alarm in both.values())


def test_what_the_webhook_did_not_take_is_told_again(redis: Redis, webhook: Webhook, nowhere: Engine) -> None:
    webhook.status = 503
    first, second, _ = notifiers(redis, nowhere)
    first.notify(Observation({"postgresql": ALARMS["postgresql"]}, set()))
    webhook.status = 200
    second.notify(Observation({"postgresql": ALARMS["postgresql"]}, set()))
    first.notify(Observation({"postgresql": ALARMS["postgresql"]}, set()))
    assert len(webhook.posts) == 2


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


@pytest.mark.parametrize(
    ("state", "retval", "counts"),
    [
        ("SUCCESS", "idle", True),
        ("FAILURE", QueueTrouble("a limit is passed"), True),
        ("FAILURE", OSError("it broke"), False),
        ("SUCCESS", "postgresql=away", False),
        ("SUCCESS", "events=500 postgresql=away", False),
    ],
)
def test_a_sweep_that_failed_does_not_count_as_run(redis: Redis, state: str, retval: Any, counts: bool) -> None:
    redis.delete(LAST_RUNS)
    record_sweep(task=celery.tasks["escalation.queue_health"], state=state, retval=retval)
    assert bool(last_runs(redis)) is counts
