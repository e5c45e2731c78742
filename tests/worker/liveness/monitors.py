"""Liveness monitors beside real servers whose last runs are written by hand."""

from collections.abc import Iterator
from typing import Any

import pytest
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from sqlalchemy import Engine, create_engine

from services.database.engine import engine
from services.installation import Installation
from services.monitoring.health import redis_time
from worker.doorbell import SIGN_OF_LIFE_SECONDS
from worker.liveness.last_seen import BEAT, LAST_RUNS
from worker.liveness.monitor import LivenessMonitor, Observation
from worker.liveness.program.signs import SIGN_OF_LIFE
from worker.schedule import SECONDS_BETWEEN

POSTGRESQL = {"postgresql", "postgresql_writes", "schema", "clock"}
REDIS = {"redis", "stream"}
ALL = {*POSTGRESQL, *REDIS, "worker", "beat", "sweeps"}
SWEEPS = [name.removeprefix("escalation.") for name in SECONDS_BETWEEN if SECONDS_BETWEEN[name] < 60]
PATIENCE, LONG_AGO = 10.0, 600.0


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
