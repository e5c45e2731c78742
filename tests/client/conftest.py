"""A Redis server of its own for each module, so that a test may kill it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from tests.client.redis_server import RedisServer


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with RedisServer(tmp_path_factory.mktemp("valkey")) as server:
        yield server


@pytest.fixture
def redis(server: RedisServer) -> Iterator["Redis"]:
    server.start()
    with Redis.from_url(server.url) as redis:
        redis.flushall()
        yield redis


@pytest.fixture
def url(server: RedisServer, redis: "Redis") -> str:
    return server.url


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    return tmp_path / "spool"
