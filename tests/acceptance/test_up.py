"""`python -m worker up`: one command, and everything answers; whatever dies comes back."""

import os
import signal
import smtplib
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psutil
import psycopg2
import pytest
from psycopg2 import OperationalError
from redis import Redis
from redis.exceptions import RedisError

from tests.processes import ROOT, wait_for
from tests.stack import GIVEN, RunningStack, started

PARTS = ["postgres", "valkey", "mail", "worker", "listener", "beat", "flower", "desk", "exporter"]
# One of each kind: the servers, and a program of ours.
KINDS = {"postgres", "valkey", "mail", "worker"}


@pytest.fixture(scope="module")
def stack(server_folder: Path) -> Iterator[RunningStack]:
    with started(server_folder / "up") as stack:
        yield stack.ready()


def test_it_names_every_part_and_each_answers(stack: RunningStack) -> None:
    place = stack.description()
    assert list(place["pids"]) == PARTS
    assert all(psutil.pid_exists(pid) for pid in place["pids"].values())
    assert query(place["database_url"], "SELECT count(*) > 0 FROM public.machines")
    with Redis.from_url(place["redis_url"], decode_responses=True) as redis:
        assert redis.config_get("appendfsync") == {"appendfsync": "always"}
    assert httpx.get(place["inbox_url"]).status_code == 200
    assert Path(place["mail_dir"]).is_dir()
    log_in(place["smtp_url"], place["smtp_ca_file"])


def test_flower_wants_the_login_that_is_printed(stack: RunningStack) -> None:
    url = urlsplit(stack.description()["flower_url"])
    page = f"http://{url.hostname}:{url.port}/workers"
    assert httpx.get(page).status_code == 401
    wait_for(
        lambda: "worker@" in httpx.get(page, auth=(url.username or "", url.password or "")).text, "the worker in Flower"
    )


def test_progress_is_said_and_secrets_are_not(stack: RunningStack) -> None:
    for part in PARTS:
        assert f"{part} answers after" in stack.said
    assert str(urlsplit(stack.description()["redis_url"]).password) not in stack.said


def test_the_description_is_readable_by_its_owner_alone(stack: RunningStack) -> None:
    assert (stack.var / "stack.json").stat().st_mode & 0o077 == 0


def test_a_shell_can_ask_it_after_reading_one_file(stack: RunningStack) -> None:
    file = stack.var / "environment"
    assert file.stat().st_mode & 0o077 == 0
    told = {name: value for name, value in os.environ.items() if name not in GIVEN}
    asked = f". {file} && {sys.executable} -m worker doctor"
    answer = subprocess.run(["sh", "-c", asked], cwd=ROOT, env=told, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.mark.parametrize(
    "part", [part if part in KINDS else pytest.param(part, marks=pytest.mark.long) for part in PARTS]
)
def test_a_part_that_is_killed_comes_back_with_its_data(stack: RunningStack, part: str) -> None:
    place, before = stack.description(), stack.pids()
    query(place["database_url"], f"CREATE TABLE kept_{part} AS SELECT 1")
    with Redis.from_url(place["redis_url"]) as redis:
        redis.set(f"kept:{part}", "yes")

    os.kill(before[part], signal.SIGKILL)
    wait_for(lambda: stack.pids()[part] != before[part], f"a new {part}")
    wait_for(lambda: kept(place["database_url"], place["redis_url"], part), "what was kept")

    assert {name for name, pid in stack.pids().items() if pid != before[name]} == {part}
    assert f"{part} ended with SIGKILL: started again in 0." in stack.said
    assert f"{part} runs again (pid {stack.pids()[part]})" in stack.said


def test_a_second_start_in_the_same_folder_is_refused(stack: RunningStack) -> None:
    second = RunningStack(stack.var.with_name("again"), "--var", str(stack.var), environment={})
    assert second.process.wait(30) == 1
    assert f"a stack is already running in {stack.var} (pid {stack.process.pid}): stop it first" in second.said
    assert all(psutil.pid_exists(pid) for pid in stack.pids().values())


def listens(port: int) -> bool:
    with closing(socket.socket()) as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0


def test_a_port_in_use_is_named(stack: RunningStack) -> None:
    taken = urlsplit(stack.description()["flower_url"]).port
    assert taken
    # An earlier test killed Flower: until it listens again the port is free.
    wait_for(lambda: listens(taken), "Flower")
    with started(stack.var.with_name("taken"), "--flower-port", str(taken)) as second:
        assert second.process.wait(30) == 1
        assert f"flower: port {taken} on 127.0.0.1 is in use: choose another" in second.said


def test_it_ends_within_ten_seconds_and_leaves_nothing_behind(stack: RunningStack) -> None:
    pids = stack.pids().values()
    assert stack.stop() == 0
    assert not any(psutil.pid_exists(pid) for pid in pids)
    assert stack.processes() == []
    assert not (stack.var / "stack.json").exists()
    assert not (stack.var / "environment").exists()


def kept(database_url: str, redis_url: str, part: str) -> bool:
    try:
        with Redis.from_url(redis_url, socket_timeout=5) as redis:
            return query(database_url, f"SELECT count(*) FROM kept_{part}") == 1 and redis.get(f"kept:{part}") == b"yes"
    except (OperationalError, RedisError):
        return False


def query(url: str, statement: str) -> object:
    with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(statement)
        row = cursor.fetchone() if cursor.description else None
        return row[0] if row else None


def log_in(smtp_url: str, ca_file: str) -> None:
    url = urlsplit(smtp_url)
    with smtplib.SMTP(url.hostname or "", url.port or 0, timeout=10) as client:
        client.starttls(context=ssl.create_default_context(cafile=ca_file))
        client.login(url.username or "", url.password or "")
