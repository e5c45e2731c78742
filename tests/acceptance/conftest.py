"""The whole program as processes, on servers of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis
from sqlalchemy import Connection, create_engine

from config.settings import Settings, get_settings
from services.database.engine import driver_url
from services.events.stream import connect
from tests.processes import Processes, processes


@pytest.fixture
def environment(database_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What the processes are told; nothing listens where the mails would go unless a test says so."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    return {
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "SUPPORT_EMAIL": "support@example.com",
        "SMTP_SERVER": "127.0.0.1",
        "SMTP_PORT": "1",
        "SMTP_USE_TLS": "false",
        "ESCALATION_EMBEDDED": "true",
    }


@pytest.fixture
def told(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This process is told the same as the processes."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


@pytest.fixture
def family(environment: dict[str, str], tmp_path: Path) -> Iterator[Processes]:
    with processes(environment, tmp_path) as family:
        yield family


@pytest.fixture
def redis(redis_url: str) -> Iterator[Redis]:
    client = connect(redis_url)
    yield client
    client.close()


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection]:
    """A connection that sees what others commit."""
    engine = create_engine(driver_url(database_url), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection
    engine.dispose()
