"""A transaction for each test, and ABParts' examples where a test asks for them."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, create_engine

from demo.seed import seed
from services.database.engine import driver_url
from tests.conftest import NUMBERS, command
from worker.embedded import EmbeddedPostgres


@pytest.fixture(scope="session")
def rolled_back_url(postgres: EmbeddedPostgres, template: str) -> str:
    """One database for all tests that never commit."""
    name = f"rolled_back_{next(NUMBERS)}"
    command(postgres, f"CREATE DATABASE {name} TEMPLATE {template}")
    return postgres.url_of(name)


@pytest.fixture
def connection(rolled_back_url: str) -> Iterator[Connection]:
    """A transaction that is rolled back at the end."""
    engine = create_engine(driver_url(rolled_back_url), connect_args={"options": "-c timezone=UTC"})
    with engine.connect() as connection:
        yield connection
        connection.rollback()
    engine.dispose()


@pytest.fixture
def seeded(connection: Connection) -> Connection:
    """The same with a dozen machines and their people."""
    seed(connection)
    return connection
