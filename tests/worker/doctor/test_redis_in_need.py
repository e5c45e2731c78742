"""A Redis that cannot keep or take events: the doctor says which, and what to do; once fixed it has nothing to say."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from redis.exceptions import ConnectionError as NotConnected
from redis.exceptions import ResponseError

from config.settings import Settings
from tests.processes import wait_for
from tests.worker.doctor.doctor import Doctor
from tests.worker.doctor.valkeys import ValkeyWithoutDisk
from worker.doctor.finding import Level
from worker.doctor.redis import check
from worker.embedded import EmbeddedValkey
from worker.embedded.ports import HOST

Found = Callable[[EmbeddedValkey, Level], list[tuple[str, str]]]
# Much beside what connections need, and little enough each for their buffers.
PIECES, PIECE = 1_000, 10_000


@pytest.fixture(scope="module")
def server(server_folder: Path) -> Iterator[ValkeyWithoutDisk]:
    with ValkeyWithoutDisk(server_folder / "in-need") as server:
        yield server


@pytest.fixture
def needy(server: ValkeyWithoutDisk) -> Iterator[Redis]:
    """The server in need; well again afterwards."""
    with Redis.from_url(server.url) as redis:
        yield redis
        redis.config_set("maxmemory", 0)
        redis.config_set("appendfsync", "always")
        redis.flushall()


@pytest.fixture
def replica(server: ValkeyWithoutDisk, server_folder: Path) -> Iterator[EmbeddedValkey]:
    with EmbeddedValkey(server_folder / "replica") as replica, Redis.from_url(replica.url) as redis:
        redis.config_set("masterauth", server.password)
        redis.replicaof(HOST, str(server.port))
        wait_for(lambda: redis.info()["master_link_status"] == "up", "the replica")
        yield replica


@pytest.fixture
def found(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Found:
    """What the doctor finds about a server at that level, each with its remedy."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    def found(server: EmbeddedValkey, level: Level) -> list[tuple[str, str]]:
        monkeypatch.setenv("REDIS_URL", server.url)
        settings = Settings()  # type: ignore[call-arg]
        return [(one.found, one.remedy) for one in check(settings) if one.level is level]

    return found


def information(redis: Redis, name: str) -> Any:
    answer: Any = redis.info()
    return answer[name]


def refuses(redis: Redis, words: str) -> bool:
    """Whether it takes nothing, for this reason."""
    try:
        redis.xadd("some stream", {"some": "entry"})
    except ResponseError as error:
        return words in f"{type(error).__name__} {error}"
    return False


@contextmanager
def full_of_data(redis: Redis, share: float) -> Iterator[None]:
    """It uses this share of the memory that it may use."""
    for piece in range(PIECES):
        redis.set(f"ballast {piece}", os.urandom(PIECE))
    redis.config_set("maxmemory", int(information(redis, "used_memory") / share))
    yield
    redis.config_set("maxmemory", 0)


@contextmanager
def without_space_for_its_file(server: ValkeyWithoutDisk, redis: Redis) -> Iterator[None]:
    """Where each write has to be on disk first the server ends instead."""
    redis.config_set("appendfsync", "everysec")
    with server.disk_full(1):
        wait_for(lambda: refuses(redis, "MISCONF"), "an error of the disk")
        yield
    wait_for(lambda: information(redis, "aof_last_write_status") == "ok", "the next try")


def test_a_replica_takes_no_events(found: Found, replica: EmbeddedValkey) -> None:
    with Redis.from_url(replica.url) as redis:
        assert refuses(redis, "ReadOnlyError")
    [(words, remedy)] = found(replica, Level.BROKEN)
    assert words == "it is a replica, which takes no events"
    assert "the primary server" in remedy


def test_memory_that_is_nearly_full_is_a_warning(found: Found, server: ValkeyWithoutDisk, needy: Redis) -> None:
    with full_of_data(needy, 0.89):
        assert found(server, Level.WARNING) == []
    with full_of_data(needy, 0.95):
        assert not refuses(needy, "OutOfMemory")
        [(words, remedy)] = found(server, Level.WARNING)
    assert words == "95% of its memory is used: it will refuse events"
    assert "maxmemory" in remedy
    assert found(server, Level.BROKEN) == []


def test_memory_that_is_full_is_broken(found: Found, server: ValkeyWithoutDisk, needy: Redis) -> None:
    with full_of_data(needy, 1.1):
        assert refuses(needy, "OutOfMemory")
        [(words, remedy)] = found(server, Level.BROKEN)
    assert words == "110% of its memory is used: it refuses events"
    assert "maxmemory" in remedy


def test_a_file_that_cannot_be_written_is_broken(found: Found, server: ValkeyWithoutDisk, needy: Redis) -> None:
    with without_space_for_its_file(server, needy):
        [(words, remedy)] = found(server, Level.BROKEN)
    assert words == "it could not write its file, and refuses events"
    assert "the space on its disk" in remedy
    assert not refuses(needy, "MISCONF")
    assert found(server, Level.BROKEN) == []


def test_a_redis_that_its_full_disk_ended_is_looked_for_in_its_log(found: Found, server_folder: Path) -> None:
    """Where each write has to be on disk before it is confirmed it does not go on without."""
    server = ValkeyWithoutDisk(server_folder / "ended").start()
    with server.disk_full(1), Redis.from_url(server.url) as redis, suppress(NotConnected):
        redis.set("some", "thing")
    wait_for(lambda: not server.is_running(), "its end")
    assert "AOF" in server.end_of_log()
    [(_, remedy)] = found(server, Level.BROKEN)
    assert "its log says why it ended, such as for want of space" in remedy
    with server.start(), Redis.from_url(server.url) as redis:
        assert not refuses(redis, "MISCONF")


def test_a_file_that_cannot_be_written_anew_is_a_warning(found: Found, server: ValkeyWithoutDisk, needy: Redis) -> None:
    needy.set("ballast", os.urandom(5 * PIECE))
    with server.disk_full(5_000):
        needy.bgrewriteaof()
        wait_for(lambda: information(needy, "aof_last_bgrewrite_status") == "err", "the failure")
        [(words, remedy)] = found(server, Level.WARNING)
    assert words == "it could not write its file anew, which therefore grows"
    assert "redis-cli BGREWRITEAOF" in remedy
    needy.bgrewriteaof()
    wait_for(lambda: information(needy, "aof_last_bgrewrite_status") == "ok", "what the remedy says")
    assert found(server, Level.WARNING) == []


def test_a_snapshot_that_failed_is_broken(found: Found, server: ValkeyWithoutDisk, needy: Redis) -> None:
    needy.config_set("save", "3600 1")
    needy.set("ballast", os.urandom(5 * PIECE))
    with server.disk_full(5_000):
        needy.bgsave()
        wait_for(lambda: information(needy, "rdb_last_bgsave_status") == "err", "the failure")
        [(words, remedy)] = found(server, Level.BROKEN)
    assert refuses(needy, "MISCONF")
    assert "its last snapshot failed: it refuses events" in words
    assert "redis-cli BGSAVE" in remedy
    needy.bgsave()
    wait_for(lambda: information(needy, "rdb_last_bgsave_status") == "ok", "what the remedy says")
    needy.config_set("save", "")
    assert found(server, Level.BROKEN) == []


@pytest.mark.long
def test_the_whole_examination_comes_to_its_end_whatever_redis_refuses(
    doctor: Doctor, server: ValkeyWithoutDisk, needy: Redis
) -> None:
    with full_of_data(needy, 1.1):
        full = doctor.examine(REDIS_URL=server.url)
    with without_space_for_its_file(server, needy):
        no_disk = doctor.examine(REDIS_URL=server.url)
    for seen in (full, no_disk):
        assert "refuses events" in seen.broken()["redis"]["found"]
        assert seen.findings[-1]["part"] == "alerts"


@pytest.mark.long
def test_the_whole_examination_of_a_replica_comes_to_its_end(doctor: Doctor, replica: EmbeddedValkey) -> None:
    seen = doctor.examine(REDIS_URL=replica.url)
    assert "a replica" in seen.broken()["redis"]["found"]
    assert seen.findings[-1]["part"] == "alerts"
