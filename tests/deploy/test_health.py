"""Each service's exact command and health check from docker-compose.yml, as processes on real servers."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from tests.deploy.compose import ROOT, our_services
from tests.processes import Process, Processes, wait_for
from worker.doorbell import SIGN_OF_LIFE
from worker.embedded.ports import Port

pytestmark = pytest.mark.long

LASTING = sorted(name for name, service in our_services().items() if service.get("healthcheck"))


def arguments(words: list[str]) -> list[str]:
    return [word.replace("$$", "$") for word in words]


def check(name: str, family: Processes) -> "subprocess.CompletedProcess[str]":
    """The service's health check, once."""
    test: list[Any] = our_services()[name]["healthcheck"]["test"]
    assert test[:3] == ["CMD", "python", "-m"]
    return subprocess.run(
        [sys.executable, "-m", *test[3:]], cwd=ROOT, env=family.environment, capture_output=True, text=True, check=False
    )


def start(name: str, family: Processes) -> Process:
    return family.start(*arguments(our_services()[name]["command"]))


@pytest.fixture
def told(family: Processes, tmp_path: Path) -> Iterator[Processes]:
    """Secrets as files and ports of this test."""
    secret = tmp_path / "flower_password"
    secret.write_text("flower-pass-1234\n", encoding="utf-8")
    ports = {name: Port(None, name) for name in ("FLOWER_PORT", "EXPORTER_PORT", "DESK_PORT")}
    family.environment.update(
        FLOWER_USER="oncall",
        FLOWER_PASSWORD_FILE=str(secret),
        LINK_SECRET="0123456789abcdef0123456789abcdef",
        PUBLIC_URL="http://127.0.0.1",
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
    worker = told.start(*arguments([
        "celery", "-A", "worker", "worker", "-Q", "sweeps", "-c", "1", "-n", f"worker@{socket.gethostname()}",
    ]))  # fmt: skip
    worker.said("ready.")
    assert redis.exists(SIGN_OF_LIFE) == 0
    ill = check("worker", told)
    assert ill.returncode == 1
    assert "doorbell" in ill.stderr


def test_the_migration_runs_once_and_ends(told: Processes) -> None:
    migration = start("migrate", told)
    wait_for(lambda: migration.popen.poll() is not None, "the end of the migration")
    assert migration.popen.returncode == 0, migration.output
