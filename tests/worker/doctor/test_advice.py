"""What to do about an error of PostgreSQL, by what the server or its library says."""

import psycopg2
import pytest
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import DBAPIError

from tests.tasks.conftest import connection, installation
from worker.doctor.postgres import advice

__all__ = ["connection", "installation"]


@pytest.mark.parametrize("parameter", ["sslmode=bogus", "bogus=1", "channel_binding=bogus"])
def test_a_parameter_that_the_library_does_not_know(parameter: str) -> None:
    engine = create_engine(f"postgresql+psycopg2://127.0.0.1:1/x?{parameter}")
    with pytest.raises(DBAPIError) as caught:
        engine.connect()
    assert advice(caught.value).startswith("Fix what stands after ? in DATABASE_URL")


@pytest.mark.parametrize("name", ["nowhere.table", "escalation.no_table"])
def test_a_table_that_is_missing_is_no_database_that_is_missing(connection: Connection, name: str) -> None:
    with pytest.raises(DBAPIError) as caught:
        connection.execute(text(f"SELECT FROM {name}"))
    assert "db check" in advice(caught.value)


def test_a_server_without_a_free_connection() -> None:
    full = psycopg2.OperationalError("FATAL:  sorry, too many clients already")
    assert "max_connections" in advice(DBAPIError(None, None, full))
