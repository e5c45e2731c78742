"""Each service's exact command and health check from docker-compose.yml, as processes on real servers."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from tests.conftest import command
from tests.deploy.compose import ROOT, check_of, command_of, our_services, secret_files
from tests.processes import Process, Processes, wait_for
from worker.doorbell import SIGN_OF_LIFE
from worker.embedded import EmbeddedPostgres
from worker.embedded.ports import Port

pytestmark = pytest.mark.long

LASTING = sorted(name for name, service in our_services().items() if service.get("healthcheck"))


def check(name: str, family: Processes) -> "subprocess.CompletedProcess[str]":
    """The service's health check, once."""
    return subprocess.run(
        [sys.executable, "-m", *check_of(name)],
        cwd=ROOT, env=family.environment, capture_output=True, text=True, check=False,
    )  # fmt: skip


def start(name: str, family: Processes) -> Process:
    return family.start(*command_of(name))


@pytest.fixture
def told(family: Processes, tmp_path: Path) -> Iterator[Processes]:
    """All secrets as files, the addresses of the servers among them, and ports of this test."""
    secrets = {
        "database_url": family.environment.pop("DATABASE_URL"),
        "redis_url": family.environment.pop("REDIS_URL"),
        "flower_password": "flower-pass-1234",
        "link_secret": "0123456789abcdef0123456789abcdef",
        "smtp_password": "",
    }
    for name, secret in secrets.items():
        (tmp_path / name).write_text(f"{secret}\n", encoding="utf-8")
    for name in our_services():
        family.environment.update(secret_files(name, tmp_path))
    ports = {name: Port(None, name) for name in ("FLOWER_PORT", "EXPORTER_PORT", "DESK_PORT")}
    family.environment.update(
        FLOWER_USER="oncall",
        PUBLIC_URL="http://127.0.0.1",
        http_proxy="http://127.0.0.1:1",
        **{name: str(port.number) for name, port in ports.items()},
    )
    yield family
    ports.clear()


@pytest.mark.parametrize("name", LASTING)
def test_a_service_is_healthy_once_it_runs_and_ill_once_it_is_gone(name: str, told: Processes) -> None:
    assert check(name, told).returncode == 1
    service = start(name, told)
    wait_for(lambda: service.popen.poll() is not None or check(name, told).returncode == 0, f"health of {name}")
    assert service.popen.poll() is None, service.output[-3000:]
    service.stop()
    # uvicorn ends in good order and then passes the signal on (its documentation, "Graceful process shutdown").
    assert service.popen.returncode in ({0, -15} if name == "desk" else {0}), service.output[-3000:]
    gone = check(name, told)
    assert gone.returncode == 1
    assert gone.stderr.strip()


def test_a_worker_whose_doorbell_is_silent_is_ill(told: Processes, redis: Redis) -> None:
    worker = told.start(
        "celery", "-A", "worker", "worker", "-Q", "sweeps", "-c", "1", "-n", f"worker@{socket.gethostname()}"
    )
    worker.said("ready.")
    assert redis.exists(SIGN_OF_LIFE) == 0
    ill = check("worker", told)
    assert ill.returncode == 1
    assert "doorbell" in ill.stderr


def test_a_desk_without_its_database_is_ill_until_it_is_back(
    told: Processes, database_url: str, postgres: EmbeddedPostgres
) -> None:
    name = database_url.partition("?")[0].rpartition("/")[2]
    desk = start("desk", told)
    wait_for(lambda: desk.popen.poll() is not None or check("desk", told).returncode == 0, "health of the desk")
    command(postgres, f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    command(postgres, f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
    ill = check("desk", told)
    assert ill.returncode == 1
    assert "503" in ill.stderr
    assert name not in ill.stderr
    command(postgres, f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    assert check("desk", told).returncode == 0, desk.output[-3000:]


def test_the_migration_runs_once_and_ends(told: Processes) -> None:
    migration = start("migrate", told)
    wait_for(lambda: migration.popen.poll() is not None, "the end of the migration")
    assert migration.popen.returncode == 0, migration.output
