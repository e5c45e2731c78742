"""Two installations with databases of their own that were given one Redis database: their events go to either."""

from redis import Redis
from sqlalchemy import create_engine, text
from structlog.testing import capture_logs

from services.database.engine import driver_url
from tests.worker.doctor.doctor import Doctor
from worker.liveness.databases import DATABASES, DatabaseWatch


def look(database_url: str, redis: Redis) -> list[str]:
    """What a worker of this database says of others."""
    engine = create_engine(driver_url(database_url))
    with capture_logs() as logs:
        DatabaseWatch(engine, redis).look()
    engine.dispose()
    return [name for line in logs if line["event"] == "redis_shared_by_databases" for name in line["others"]]


def test_each_of_two_databases_at_one_redis_hears_of_the_other_and_the_doctor_names_a_remedy(
    doctor: Doctor, redis: Redis, database_url: str, empty_database_url: str
) -> None:
    assert look(database_url, redis) == []
    assert look(database_url, redis) == [], "its own sign is no other's"
    assert "redis" not in doctor.examine().broken()
    [ours] = look(empty_database_url, redis)
    [theirs] = look(database_url, redis)
    assert ours != theirs
    broken = doctor.examine().broken()["redis"]
    assert theirs in broken["found"]
    assert ours not in broken["found"]
    assert "a Redis database of its own" in broken["remedy"]


def test_who_has_moved_to_another_database_is_no_other_after_a_minute(
    redis: Redis, database_url: str, empty_database_url: str
) -> None:
    assert look(empty_database_url, redis) == []
    [moved] = redis.hkeys(DATABASES)
    redis.hset(DATABASES, moved, redis.time()[0] - 61)
    assert look(database_url, redis) == []


def test_who_has_moved_is_no_other_after_redis_clock_was_set_back(
    redis: Redis, database_url: str, empty_database_url: str
) -> None:
    assert look(empty_database_url, redis) == []
    [moved] = redis.hkeys(DATABASES)
    redis.hset(DATABASES, moved, redis.time()[0] + 3600)
    assert look(database_url, redis) == []


def test_a_server_that_is_away_ends_no_watch(redis: Redis, database_url: str) -> None:
    nowhere = create_engine("postgresql+psycopg2://127.0.0.1:1/abparts")
    DatabaseWatch(nowhere, redis).look()
    assert not redis.exists(DATABASES)
    engine = create_engine(driver_url(database_url))
    with Redis(port=1) as away:
        DatabaseWatch(engine, away).look()
    engine.dispose()


def test_any_role_may_ask_which_database_it_is(redis: Redis, database_url: str) -> None:
    role = "escalation_reader_of_nothing"
    engine = create_engine(driver_url(database_url), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE ROLE {role} LOGIN"))
        try:
            watched = create_engine(driver_url(database_url), connect_args={"options": f"-c role={role}"})
            DatabaseWatch(watched, redis).look()
            watched.dispose()
            assert redis.hlen(DATABASES) == 1
        finally:
            connection.execute(text(f"DROP ROLE {role}"))
    engine.dispose()
