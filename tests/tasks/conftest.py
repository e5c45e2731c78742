"""This process as a worker would be: settings, database and Redis of its own."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from redis import Redis
from sqlalchemy import Connection, text

from config.settings import Settings, get_settings
from escalation_client.events import Event, encode
from services.database import engine as database
from services.events import stream
from services.events.stream import EVENTS, EventStream, StreamEntry, connect, read_new
from services.installation import Installation, get_installation
from worker.celery_app import app

CACHED = (get_settings, database.engine, stream.client_of, get_installation)

Publish = Callable[[Sequence[Event | str]], None]


@pytest.fixture
def installation(
    request: pytest.FixtureRequest, database_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Installation]:
    """A parameter (indirect) is how long a locked row is waited for, in seconds."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("REDIS_URL", redis_url)
    monkeypatch.setenv("SUPPORT_EMAIL", "support@example.com")
    monkeypatch.setenv("ESCALATION_EMBEDDED", "true")
    monkeypatch.setenv("LOCK_TIMEOUT_SECONDS", getattr(request, "param", "0.3"))
    forget()
    app.conf.update(broker_url=redis_url)
    app.set_current()
    yield get_installation()
    database.engine().dispose()
    forget()


def forget() -> None:
    for cached in CACHED:
        cached.cache_clear()


@pytest.fixture
def redis(installation: Installation) -> Iterator[Redis]:
    client = connect(installation.settings.redis_url.get_secret_value())
    yield client
    client.close()


@pytest.fixture
def connection(installation: Installation) -> Iterator[Connection]:
    """A connection that sees what others commit: each statement is a transaction of its own."""
    with database.engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        yield connection


@pytest.fixture
def publish(redis: Redis) -> Publish:
    def to_stream(events: Sequence[Event | str]) -> None:
        with redis.pipeline(transaction=False) as pipeline:
            for event in events:
                pipeline.xadd(EVENTS, {"event": event if isinstance(event, str) else encode(event)})
            pipeline.execute()

    return to_stream


@pytest.fixture
def entries(publish: Publish, redis: Redis) -> Callable[[Sequence[Event | str]], list[StreamEntry]]:
    """Publish events and read them as a worker does."""

    def published(events: Sequence[Event | str]) -> list[StreamEntry]:
        publish(events)
        return read_new(EventStream(redis), len(events))

    return published


def rows(connection: Connection, statement: str, **parameters: Any) -> list[dict[str, Any]]:
    return [dict(row) for row in connection.execute(text(statement), parameters).mappings()]
