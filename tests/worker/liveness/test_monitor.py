"""Who has fallen silent, as a liveness monitor observes it."""

from typing import Any

import pytest
from redis import Redis
from sqlalchemy import Engine

from services.database.engine import engine
from tasks.sweeps import QueueTrouble
from tests.tasks.conftest import installation, redis
from tests.worker.liveness.monitors import (
    ALL,
    LONG_AGO,
    PATIENCE,
    POSTGRESQL,
    REDIS,
    SWEEPS,
    gone,
    nowhere,
    observe,
    pass_time,
    signs,
    watching,
)
from worker.celery_app import app as celery
from worker.liveness.last_seen import LAST_RUNS, last_runs, record_sweep
from worker.liveness.monitor import Observation

__all__ = ["installation", "nowhere", "redis"]


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
