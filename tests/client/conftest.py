"""A Redis server for each module, so that a test may kill it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from worker.embedded import EmbeddedValkey


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedValkey]:
    with EmbeddedValkey(tmp_path_factory.mktemp("valkey")) as server:
        yield server


@pytest.fixture
def redis(server: EmbeddedValkey) -> Iterator[Redis]:
    server.start()
    with Redis.from_url(server.url) as redis:
        redis.flushall()
        yield redis


@pytest.fixture
def url(server: EmbeddedValkey, redis: Redis) -> str:
    return server.url


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    return tmp_path / "spool"
