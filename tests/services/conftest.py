"""A database of its own for each test, migrated, and with ABParts' examples where a test asks for them."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, create_engine

from demo.seed import seed
from services.database import driver_url


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection]:
    """A transaction that is rolled back at the end."""
    engine = create_engine(driver_url(database_url), connect_args={"options": "-c timezone=UTC"})
    with engine.connect() as connection:
        yield connection
        connection.rollback()
    engine.dispose()


@pytest.fixture
def seeded(connection: Connection) -> Connection:
    """The same with a dozen machines and their people."""
    seed(connection)
    return connection
