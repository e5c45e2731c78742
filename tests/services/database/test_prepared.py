"""Statements that are marked are prepared once a session, and no session is asked for what another has prepared."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from services.database.engine import make_engine
from services.database.errors import DatabaseFailure, classify_failure
from services.database.prepared import prepared
from tests.services.database.test_pgbouncer import pgbouncer
from tests.services.database.test_session import settings_for

DOUBLED = prepared("SELECT 2 * CAST(:number AS bigint) AS doubled, CAST(:number AS bigint) % 10 AS digit, '%' AS sign")
PLANNED = text("SELECT name, generic_plans + custom_plans AS runs FROM pg_prepared_statements")


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = make_engine(settings_for(database_url))
    yield engine
    engine.dispose()


def doubled(connection: Connection, number: int) -> tuple[int, int, str]:
    row = connection.execute(DOUBLED, {"number": number}).one()
    return row.doubled, row.digit, row.sign


def test_a_statement_is_prepared_once_and_run_with_other_values(engine: Engine) -> None:
    with engine.begin() as connection:
        assert [doubled(connection, number) for number in (1, 12)] == [(2, 1, "%"), (24, 2, "%")]
        assert connection.execute(PLANNED).all() == [("escalation_0", 2)]


def test_it_stays_prepared_after_a_rollback(engine: Engine) -> None:
    with engine.connect() as connection:
        doubled(connection, 1)
        connection.rollback()
        doubled(connection, 2)
        assert connection.execute(PLANNED).all() == [("escalation_0", 2)]


def test_a_new_session_prepares_it_anew(engine: Engine) -> None:
    with engine.connect() as connection:
        doubled(connection, 1)
        process = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
    with engine.connect() as connection, engine.begin() as other:
        assert doubled(other, 2) == (4, 2, "%")
        other.execute(text("SELECT pg_terminate_backend(:process, 1000)"), {"process": process})
        with pytest.raises(DBAPIError):
            doubled(connection, 3)
    with engine.connect() as connection, engine.connect() as other:
        assert doubled(connection, 4) == doubled(other, 4) == (8, 4, "%")


def test_a_session_that_lost_it_is_left_and_nothing_is_blamed_on_what_was_written(engine: Engine) -> None:
    with engine.connect() as connection:
        doubled(connection, 1)
        connection.execute(text("DEALLOCATE ALL"))
        with pytest.raises(DBAPIError) as raised:
            doubled(connection, 2)
    assert classify_failure(raised.value) is DatabaseFailure.INFRASTRUCTURE
    with engine.connect() as connection:
        assert doubled(connection, 3) == (6, 3, "%")


def test_a_column_that_changed_its_type_costs_one_try(engine: Engine) -> None:
    read = prepared("SELECT value FROM changing")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE changing (value integer)"))
        connection.execute(text("INSERT INTO changing VALUES (7)"))
    with engine.connect() as connection:
        assert connection.execute(read).scalar_one() == 7
        connection.commit()
        connection.execute(text("ALTER TABLE changing ALTER COLUMN value TYPE text"))
        connection.commit()
        with pytest.raises(DBAPIError) as raised:
            connection.execute(read)
    assert classify_failure(raised.value) is DatabaseFailure.INFRASTRUCTURE
    with engine.connect() as connection:
        assert connection.execute(read).scalar_one() == "7"


@pytest.mark.debian("pgbouncer")
def test_a_pooler_of_sessions_hands_nobody_what_another_has_prepared(database_url: str) -> None:
    with pgbouncer(database_url, "session") as url:
        for number in (1, 2):
            pooled = make_engine(settings_for(url))
            with pooled.connect() as connection:
                assert doubled(connection, number)[0] == 2 * number
                assert connection.execute(PLANNED).all() == [("escalation_0", 1)]
            pooled.dispose()
