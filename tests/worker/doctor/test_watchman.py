"""What a watchman sees and tells, beside real servers whose signs of life are written by hand."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from sqlalchemy import Connection, Engine, create_engine, text

from config.settings import get_settings
from services.database.engine import engine
from services.installation import Installation
from tests.observe.webhook import Webhook, listening
from tests.tasks.conftest import connection, installation, redis
from worker.doorbell import SIGN_OF_LIFE, SIGN_OF_LIFE_SECONDS
from worker.liveness.last_seen import BEAT, LAST_RUNS
from worker.liveness.monitor import ALARMS, Lookout, Sight
from worker.liveness.notifier import AlertNotifier
from worker.schedule import SECONDS_BETWEEN

__all__ = ["connection", "installation", "redis"]

ALL = {"postgresql", "schema", "redis", "worker", "beat", "sweeps"}
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
    now = time.time()
    redis.set(SIGN_OF_LIFE, 1, ex=SIGN_OF_LIFE_SECONDS) if worker else redis.delete(SIGN_OF_LIFE)
    ran: Any = {name: now - sweeps.get(name.removeprefix("escalation."), 0) for name in SECONDS_BETWEEN}
    redis.hset(LAST_RUNS, mapping={BEAT: now - beat, **ran})


def watching(redis: Redis, database: Engine | None = None, since: float = LONG_AGO) -> Lookout:
    """A watchman who began so many seconds ago and has seen nothing since."""
    lookout = Lookout(database or engine(), redis, PATIENCE)
    lookout.began -= since
    return lookout


def pass_time(lookout: Lookout, seconds: float) -> None:
    """As if the last look were so long ago."""
    lookout.looked -= seconds
    lookout.seen = {name: at - seconds for name, at in lookout.seen.items()}


def look(redis: Redis, database: Engine | None = None) -> Sight:
    return watching(redis, database).look()


def test_all_is_well(redis: Redis) -> None:
    signs(redis)
    assert look(redis) == Sight({}, ALL)


def test_a_worker_that_is_gone_speaks_for_its_sweeps(redis: Redis) -> None:
    signs(redis, worker=False, drain_events=LONG_AGO, reconcile=LONG_AGO * 9)
    assert set(look(redis).alarms) == {"worker"}


def test_beat_that_is_gone_speaks_for_all_sweeps(redis: Redis) -> None:
    signs(redis, beat=LONG_AGO, deliver_due=LONG_AGO)
    sight = look(redis)
    assert set(sight.alarms) == {"beat"}
    assert sight.well == ALL - {"beat", "sweeps"}


def test_a_mailer_that_is_gone_is_seen_by_its_sweeps(redis: Redis) -> None:
    signs(redis, deliver_due=LONG_AGO, deliver_urgent=LONG_AGO)
    sight = look(redis)
    assert sight.alarms["sweeps"].summary == "sweeps have not ended for long: deliver_urgent, deliver_due"
    assert sight.well == ALL - {"sweeps"}


def test_a_schema_that_was_changed_is_named(redis: Redis, connection: Connection) -> None:
    signs(redis)
    connection.execute(text("ALTER TABLE public.support_tickets DROP COLUMN priority"))
    sight = look(redis)
    assert sight.alarms["schema"].summary.startswith(f"{ALARMS['schema'].summary}: public.support_tickets.priority")
    assert "postgresql" in sight.well


def test_while_redis_is_away_nobody_else_is_blamed_for_its_silence(redis: Redis) -> None:
    lookout = watching(gone())
    assert set(lookout.look().alarms) == {"redis"}
    signs(redis, worker=False, beat=LONG_AGO)
    lookout.redis = redis
    assert lookout.look() == Sight({}, {"postgresql", "schema", "redis"})


def test_postgresql_that_is_away_speaks_for_all_sweeps_and_they_have_time_once_it_is_back(
    redis: Redis, nowhere: Engine
) -> None:
    signs(redis, drain_events=LONG_AGO, deliver_due=LONG_AGO)
    lookout = watching(redis, nowhere)
    sight = lookout.look()
    assert set(sight.alarms) == {"postgresql"}
    assert sight.well == {"redis", "worker", "beat"}
    lookout.engine = engine()
    assert lookout.look() == Sight({}, ALL - {"sweeps"})
    pass_time(lookout, 0.9 * PATIENCE)
    assert lookout.look().alarms == {}
    pass_time(lookout, 0.9 * PATIENCE)
    assert set(lookout.look().alarms) == {"sweeps"}


def test_who_was_frozen_alarms_nobody_for_what_fell_silent_meanwhile(redis: Redis) -> None:
    signs(redis)
    lookout = watching(redis)
    assert lookout.look().alarms == {}
    pass_time(lookout, LONG_AGO)
    # Beat is frozen with its watchman, and rings again as it wakes.
    late: Any = dict.fromkeys(SWEEPS, LONG_AGO)
    signs(redis, **late)
    assert lookout.look().alarms == {}


def test_who_has_just_begun_neither_alarms_nor_gives_the_all_clear(redis: Redis) -> None:
    signs(redis, worker=False, beat=LONG_AGO)
    assert watching(redis, since=0).look() == Sight({}, {"postgresql", "schema", "redis"})


def tellers(redis: Redis, database: Engine) -> list[AlertNotifier]:
    return [AlertNotifier(database, redis, get_settings()) for _ in range(3)]


def test_three_watchmen_tell_it_once_and_once_that_it_is_over(redis: Redis, webhook: Webhook) -> None:
    everybody = tellers(redis, engine())
    for presenter in everybody:
        presenter.tell(Sight({"beat": ALARMS["beat"]}, ALL - {"beat"}))
    assert [said.splitlines()[0] for said in webhook.texts()] == [f"Escalation worker: {ALARMS['beat'].summary}"]
    for presenter in everybody:
        presenter.tell(Sight({}, ALL))
    assert webhook.texts()[1:] == [f"Over: {ALARMS['beat'].summary}"]


def test_without_postgresql_they_agree_through_redis(redis: Redis, webhook: Webhook, nowhere: Engine) -> None:
    everybody = tellers(redis, nowhere)
    for presenter in everybody:
        presenter.tell(Sight({"postgresql": ALARMS["postgresql"]}, set()))
    assert len(webhook.posts) == 1
    for presenter in everybody:
        presenter.tell(Sight({}, ALL))
    # One of them looked before it was over.
    everybody[0].tell(Sight({"postgresql": ALARMS["postgresql"]}, set()))
    assert webhook.texts()[1:] == [f"Over: {ALARMS['postgresql'].summary}"]


def test_without_both_each_tells_it_once_by_itself(webhook: Webhook, nowhere: Engine) -> None:
    presenter = AlertNotifier(nowhere, gone(), get_settings())
    both = {key: ALARMS[key] for key in ("postgresql", "redis")}
    presenter.tell(Sight(both, set()))
    presenter.tell(Sight(both, set()))
    assert len(webhook.posts) == 2
    presenter.tell(Sight({}, {"postgresql", "redis"}))
    assert sorted(webhook.texts()[2:]) == sorted(f"Over: {alarm.summary}" for alarm in both.values())


def test_what_the_webhook_did_not_take_is_told_again(redis: Redis, webhook: Webhook, nowhere: Engine) -> None:
    webhook.status = 503
    first, second, _ = tellers(redis, nowhere)
    first.tell(Sight({"postgresql": ALARMS["postgresql"]}, set()))
    webhook.status = 200
    second.tell(Sight({"postgresql": ALARMS["postgresql"]}, set()))
    first.tell(Sight({"postgresql": ALARMS["postgresql"]}, set()))
    assert len(webhook.posts) == 2
