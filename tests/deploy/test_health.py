"""Each service's exact command and health check from docker-compose.yml, as processes on real servers."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from tests.conftest import command
from tests.deploy.compose import ROOT, check_of, command_of, our_services, secret_files
from tests.processes import Process, Processes, wait_for
from worker.embedded import EmbeddedPostgres
from worker.embedded.ports import Port
from worker.liveness.program.report import WELL, Report
from worker.liveness.program.signs import SIGN_OF_LIFE

pytestmark = pytest.mark.long

HEALTH_CPU_SECONDS = 0.05
LASTING = sorted(name for name, service in our_services().items() if service.get("healthcheck"))


def liveness_file(name: str, family: Processes) -> str:
    return str(family.folder / f"{name}.liveness")


def check(name: str, family: Processes) -> "subprocess.CompletedProcess[str]":
    """The service's health check, once."""
    environment = {**family.environment, "LIVENESS_FILE": liveness_file(name, family)}
    return subprocess.run(check_of(name), cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def start(name: str, family: Processes) -> Process:
    return family.start(*command_of(name), LIVENESS_FILE=liveness_file(name, family))


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


def test_a_health_check_costs_less_than_a_python_that_starts(told: Processes, tmp_path: Path) -> None:
    Report(Path(liveness_file("worker", told))).write(WELL)
    before = os.times()
    for _ in range(10):
        assert check("worker", told).stdout == "well\n"
    after = os.times()
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    assert spent / 10 < HEALTH_CPU_SECONDS


def test_a_program_that_is_frozen_is_ended_by_its_health_check_and_by_no_probe(told: Processes) -> None:
    file = Path(liveness_file("worker", told))
    with subprocess.Popen(["sleep", "600"]) as frozen:
        uptime = int(time.clock_gettime(time.CLOCK_BOOTTIME))
        file.write_text(f"{frozen.pid} {uptime - 61} well\n", encoding="utf-8")
        environment = {**told.environment, "LIVENESS_FILE": str(file)}
        probe = subprocess.run([*check_of("worker"), "--alive"], cwd=ROOT, env=environment, check=False)
        assert probe.returncode == 1
        assert frozen.poll() is None
        ended = check("worker", told)
        assert ended.returncode == 1
        assert "is ended" in ended.stderr
        assert frozen.wait(10) == -signal.SIGKILL


def test_the_deep_check_finds_a_worker_whose_doorbell_is_silent(told: Processes, redis: Redis) -> None:
    worker = told.start(
        "celery", "-A", "worker", "worker", "-Q", "sweeps", "-c", "1", "-n", f"worker@{socket.gethostname()}"
    )
    worker.said("ready.")
    assert redis.exists(SIGN_OF_LIFE) == 0
    command = [sys.executable, "-m", "worker", "health", "worker", "--own"]
    ill = subprocess.run(command, cwd=ROOT, env=told.environment, capture_output=True, text=True, check=False)
    assert ill.returncode == 1
    assert "doorbell" in ill.stderr


def test_a_desk_without_its_database_is_ill_until_it_is_back(
    told: Processes, database_url: str, postgres: EmbeddedPostgres
) -> None:
    name = database_url.partition("?")[0].rpartition("/")[2]
    desk = start("desk", told)
    wait_for(lambda: desk.popen.poll() is not None or check("desk", told).returncode == 0, "health of the desk")
    command(postgres, f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    command(postgres, f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{name}'")
    wait_for(lambda: "503" in check("desk", told).stdout, "its words")
    ill = check("desk", told)
    assert ill.returncode == 1
    assert name not in ill.stdout
    command(postgres, f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    wait_for(lambda: check("desk", told).returncode == 0, "health of the desk")
    assert desk.popen.poll() is None


def test_the_migration_runs_once_and_ends(told: Processes) -> None:
    migration = start("migrate", told)
    wait_for(lambda: migration.popen.poll() is not None, "the end of the migration")
    assert migration.popen.returncode == 0, migration.output
