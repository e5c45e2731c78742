"""Databases as ABParts has them: empty, in today's shape with data in it, and migrated."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, Engine, create_engine, text

from services.database.engine import driver_url
from services.schema.migrate import migrate
from tests.services.schema.abparts_models import METADATA
from tests.services.schema.rows import LATER, add_session, fill


@pytest.fixture
def empty(empty_database_url: str) -> Iterator[Engine]:
    """An empty database."""
    yield from opened(empty_database_url)


@pytest.fixture
def migrated(database_url: str) -> Iterator[Engine]:
    """A database with our tables and nothing in them."""
    yield from opened(database_url)


@pytest.fixture
def abparts(empty: Engine) -> Engine:
    """ABParts' database as it is today, with data."""
    METADATA.create_all(empty)
    with empty.begin() as connection:
        fill(connection)
    return empty


@pytest.fixture
def adopted(abparts: Engine) -> Engine:
    """The same after our migration."""
    migrate(abparts)
    return abparts


@pytest.fixture
def guest(adopted: Engine) -> Iterator[Connection]:
    """ABParts' own connection: it does not say that it is us; each statement is a transaction of its own."""
    with adopted.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        yield connection


@pytest.fixture
def lived(adopted: Engine) -> Engine:
    """The adopted database after some changes."""
    with adopted.begin() as connection:
        for statement in LATER:
            connection.execute(text(statement))
        add_session(connection, "new")
    return adopted


def opened(url: str) -> Iterator[Engine]:
    engine = create_engine(driver_url(url), connect_args={"options": "-c timezone=UTC"})
    yield engine
    engine.dispose()
