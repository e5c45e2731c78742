"""The Redis of the profile `standalone`: its very command, with the embedded server in place of the image's."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import RedisError

from tests.deploy.compose import services
from tests.processes import wait_for
from worker.embedded.binaries import valkey_binary
from worker.embedded.ports import Port

PASSWORD = "0123456789abcdef"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where the command finds its program and its secret."""
    (tmp_path / "redis-server").symlink_to(valkey_binary())
    (tmp_path / "redis_password").write_text(f"{PASSWORD}\n", encoding="utf-8")
    return tmp_path


@pytest.fixture
def port() -> Iterator[int]:
    free = Port(None, "Redis")
    yield free.number
    del free


@pytest.fixture
def started(place: Path, port: int) -> Iterator["subprocess.Popen[bytes]"]:
    shell, option, command = services()["escalation-redis"]["command"]
    command = command.replace("$$", "$").replace("/tmp/", f"{place}/").replace("/run/secrets", str(place))
    process = subprocess.Popen(
        [shell, option, f"{command} --port {port} --dir {place}"],
        env={"PATH": f"{place}:{os.environ['PATH']}"},
        stdout=subprocess.DEVNULL,
    )
    yield process
    process.terminate()
    process.wait()


def answers(redis: Redis) -> bool:
    try:
        return bool(redis.ping())
    except RedisError:
        return False


def test_redis_keeps_what_it_confirms_and_wants_the_password(started: "subprocess.Popen[bytes]", port: int) -> None:
    with Redis(port=port, password=PASSWORD) as redis, Redis(port=port) as stranger:
        wait_for(lambda: answers(redis), "Redis")
        assert not answers(stranger)
        kept = redis.config_get("append*", "maxmemory-policy")
    assert {kept[name] for name in ("appendonly", "appendfsync", "maxmemory-policy")} == {"yes", "always", "noeviction"}


def test_the_password_stands_on_no_command_line(started: "subprocess.Popen[bytes]", place: Path, port: int) -> None:
    with Redis(port=port, password=PASSWORD) as redis:
        wait_for(lambda: answers(redis), "Redis")
    assert PASSWORD not in Path(f"/proc/{started.pid}/cmdline").read_text()
    assert (place / "redis.conf").stat().st_mode & 0o077 == 0
    assert "-a " not in services()["escalation-redis"]["healthcheck"]["test"][1]
