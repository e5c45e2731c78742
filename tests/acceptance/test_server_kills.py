"""Redis and PostgreSQL die in the middle of two thousand events and come back."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import DBAPIError

from models.migrations import upgrade
from services.database.engine import driver_url
from services.events.stream import connect
from tests.acceptance.test_kills import (
    SMALL_BATCHES,
    assert_nothing_lost_and_nothing_doubled,
    count,
    finished,
    half_done,
    publish,
    storm,
)
from tests.processes import Processes, processes, wait_for
from worker.embedded import EmbeddedPostgres, EmbeddedValkey
from worker.embedded.paths import temporary_folder

pytestmark = pytest.mark.long


@pytest.fixture
def own_folder() -> Iterator[Path]:
    with temporary_folder() as folder:
        yield folder


@pytest.fixture
def own_valkey(own_folder: Path) -> Iterator[EmbeddedValkey]:
    with EmbeddedValkey(own_folder / "valkey") as server:
        yield server


@pytest.fixture
def own_postgres(own_folder: Path) -> Iterator[EmbeddedPostgres]:
    with EmbeddedPostgres(own_folder / "postgres") as server:
        engine = create_engine(driver_url(server.url))
        upgrade(engine)
        engine.dispose()
        yield server


def family_on(environment: dict[str, str], postgres_url: str, redis_url: str) -> dict[str, str]:
    return {**environment, **SMALL_BATCHES, "DATABASE_URL": postgres_url, "REDIS_URL": redis_url}


def stored(connection: Connection, redis: Redis) -> bool:
    """As `finished`, for a server that may not be back yet."""
    try:
        return finished(connection, redis)
    except (DBAPIError, RedisError):
        return False


def test_valkey_killed_in_the_middle_of_two_thousand_events(
    environment: dict[str, str], own_valkey: EmbeddedValkey, database_url: str, connection: Connection, tmp_path: Path
) -> None:
    with processes(family_on(environment, database_url, own_valkey.url), tmp_path) as family:
        start(family)
        redis = connect(own_valkey.url)
        publish(redis, storm())
        half_done(connection)
        own_valkey.kill()
        own_valkey.start()
        supervise(family)
        wait_for(lambda: stored(connection, redis), "all events in the inbox and nothing pending", 120)
        redis.close()
    assert_nothing_lost_and_nothing_doubled(connection)


def test_postgresql_stopped_at_once_in_the_middle_of_two_thousand_events(
    environment: dict[str, str], own_postgres: EmbeddedPostgres, redis_url: str, redis: Redis, tmp_path: Path
) -> None:
    engine = create_engine(driver_url(own_postgres.url), isolation_level="AUTOCOMMIT", pool_pre_ping=True)
    with processes(family_on(environment, own_postgres.url, redis_url), tmp_path) as family:
        start(family)
        publish(redis, storm())
        with engine.connect() as connection:
            half_done(connection)
        own_postgres.kill()
        own_postgres.start()
        wait_for(lambda: back(engine.url.render_as_string(hide_password=False)), "PostgreSQL")
        with engine.connect() as connection:
            wait_for(lambda: stored(connection, redis), "all events in the inbox and nothing pending", 120)
            assert_nothing_lost_and_nothing_doubled(connection)
            assert count(connection, "escalation.rejected_events") == 0, "a server that is away is no event's fault"
    engine.dispose()


def start(family: Processes) -> None:
    family.worker()
    family.beat()


def supervise(family: Processes) -> None:
    """What a supervisor does: a process that ended with Redis is started again (Celery's worker sometimes does)."""
    for process in family.started:
        if process.popen.poll() is not None:
            process.restart()


def back(url: str) -> bool:
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            return bool(connection.execute(text("SELECT true")).scalar_one())
    except DBAPIError:
        return False
    finally:
        engine.dispose()
