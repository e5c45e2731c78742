"""Each connection says who it is and waits for nothing for ever, whatever lies between it and PostgreSQL."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from config.settings import Settings
from services.database.engine import make_engine
from services.database.session import lost_settings, refuse_transaction_pooling, session_settings
from services.monitoring.health import try_write
from tests.conftest import command
from worker.embedded import EmbeddedPostgres


def settings_for(url: str) -> Settings:
    return Settings.model_validate({"database_url": url, "redis_url": "redis://127.0.0.1:1"})


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = make_engine(settings_for(database_url))
    yield engine
    engine.dispose()


def test_a_connection_has_all_its_settings(engine: Engine, database_url: str) -> None:
    with engine.connect() as connection:
        assert lost_settings(connection, session_settings(settings_for(database_url))) == {}
        assert connection.execute(text("SHOW client_encoding")).scalar() == "UTF8"
    refuse_transaction_pooling(engine)


def test_a_setting_that_was_lost_is_named(engine: Engine, database_url: str) -> None:
    with engine.connect() as connection:
        connection.execute(text("SET lock_timeout = 0"))
        lost = lost_settings(connection, session_settings(settings_for(database_url)))
    assert lost == {"lock_timeout": "0"}


def test_a_rollback_right_after_connecting_keeps_the_settings(engine: Engine, database_url: str) -> None:
    with engine.connect() as connection:
        connection.rollback()
        assert lost_settings(connection, session_settings(settings_for(database_url))) == {}


def test_sessions_that_only_read_are_dropped_at_once_and_writes_go_on_after_the_repair(
    engine: Engine, postgres: EmbeddedPostgres, database_url: str
) -> None:
    name = engine.url.database
    with engine.begin() as connection:
        try_write(connection)
    command(postgres, f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    engine.dispose()
    kept = [engine.connect() for _ in range(2)]
    for connection in kept:
        connection.close()
    with pytest.raises(DBAPIError, match="read-only"), engine.begin() as connection:
        try_write(connection)
    command(postgres, f"ALTER DATABASE {name} RESET default_transaction_read_only")
    with engine.begin() as connection:
        try_write(connection)


def test_a_clock_that_was_set_back_shows_in_the_next_write(engine: Engine) -> None:
    with engine.begin() as connection:
        assert try_write(connection) == 0.0
        assert try_write(connection) == 0.0
        # What stands there once PostgreSQL's clock has been set back by an hour.
        connection.execute(text("UPDATE escalation.settings SET updated_at = updated_at + interval '1 hour'"))
        assert 3_590 < try_write(connection) < 3_610
        assert try_write(connection) == 0.0
