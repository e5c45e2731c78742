"""A database that cannot hold every user's words is refused by name."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Engine, create_engine

from services.database.engine import driver_url
from services.schema.check import compare
from services.schema.migrate import NotAdoptable, migrate
from tests.conftest import NUMBERS, command
from worker.embedded import EmbeddedPostgres


@contextmanager
def database(postgres: EmbeddedPostgres, encoding: str) -> Iterator[Engine]:
    name = f"encoded_{next(NUMBERS)}"
    command(postgres, f"CREATE DATABASE {name} ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0")
    engine = create_engine(driver_url(postgres.url_of(name)), connect_args={"client_encoding": "utf8"})
    try:
        yield engine
    finally:
        engine.dispose()
        command(postgres, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
def test_a_database_of_another_encoding_is_named_and_nothing_is_written(
    postgres: EmbeddedPostgres, encoding: str
) -> None:
    with database(postgres, encoding) as engine:
        with engine.connect() as connection:
            first = compare(connection)[0]
        assert (first.found, first.needed) == (f"has encoding {encoding}", "it should be UTF8")
        with pytest.raises(NotAdoptable, match=f"has encoding {encoding}"):
            migrate(engine)
        with engine.connect() as connection:
            assert connection.exec_driver_sql("SELECT to_regnamespace('escalation')").scalar() is None
