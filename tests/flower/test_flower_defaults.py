"""Flower as it starts when nothing but its login is said, and when more is said: where it listens, what it lets do."""

import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager

import psutil
import pytest
from redis import Redis

from tests.acceptance.conftest import environment, family, redis
from tests.flower.conftest import PASSWORD, USER, Flower
from tests.processes import Process, Processes, wait_for
from worker.embedded.ports import Port

__all__ = ["environment", "family", "redis"]

QUEUE = "escalation:celery:sweeps"
SHUTDOWN, APPLY = "/api/worker/shutdown/{worker}", "/api/task/async-apply/escalation.queue_health"


@contextmanager
def started(family: Processes, **more: str) -> Iterator[tuple[Process, Flower, int]]:
    """A Flower with a login, and with nothing else that is not said here."""
    port = Port(None, "flower")
    login = {"FLOWER_USER": USER, "FLOWER_PASSWORD": PASSWORD, "FLOWER_PORT": str(port.number), **more}
    process = family.start("celery", "-A", "worker", "flower", **login)
    process.said("Visit me")
    with closing(Flower(f"http://127.0.0.1:{port.number}", login["FLOWER_PASSWORD"])) as flower:
        yield process, flower, port.number


def listens_at(process: Process) -> set[tuple[str, int]]:
    """Every address at which the process, or a child of it, takes connections."""
    family = [psutil.Process(process.pid), *process.children()]
    sockets = [socket for one in family for socket in one.net_connections("inet")]
    return {(one.laddr.ip, one.laddr.port) for one in sockets if one.laddr and one.status == psutil.CONN_LISTEN}


def test_where_nothing_is_said_it_listens_on_loopback_only_and_obeys_nobody(family: Processes, redis: Redis) -> None:
    assert {"FLOWER_ADDRESS", "FLOWER_READ_ONLY"} & set(family.environment) == set()
    with started(family) as (process, flower, port):
        assert listens_at(process) == {("127.0.0.1", port)}
        for path in (SHUTDOWN.format(worker="w@test"), APPLY):
            answer = flower.login.post(path, json={"args": []})
            assert (answer.status_code, "Read only" in answer.text) == (403, True), path
        assert redis.llen(QUEUE) == 0


def test_a_port_that_is_taken_is_named_with_what_to_do(family: Processes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        login = {"FLOWER_USER": USER, "FLOWER_PASSWORD": PASSWORD}
        configured = family.start("celery", "-A", "worker", "flower", **login, FLOWER_PORT=str(port))
        asked = family.start("celery", "-A", "worker", "flower", f"--port={port}", **login)
        for flower in (configured, asked):
            wait_for(lambda flower=flower: flower.popen.poll(), "the end of Flower")  # type: ignore[misc]
            assert f"at 127.0.0.1, port {port}, nothing can listen (Address already in use)" in flower.output
            assert "Set FLOWER_PORT to another port" in flower.output
            assert "Traceback" not in flower.output


@pytest.mark.long
def test_where_it_is_allowed_it_can_be_reached_from_outside_start_tasks_and_stop_workers(
    family: Processes, redis: Redis
) -> None:
    worker = family.worker("events")
    with started(family, FLOWER_ADDRESS="0.0.0.0", FLOWER_READ_ONLY="false") as (process, flower, port):
        assert listens_at(process) == {("0.0.0.0", port)}
        wait_for(lambda: flower.worker, "the worker in Flower")
        stop = SHUTDOWN.format(worker=flower.worker)
        assert [flower.stranger.post(path).status_code for path in (stop, APPLY)] == [401, 401]
        assert (redis.llen(QUEUE), worker.popen.poll()) == (0, None)
        assert flower.login.post(APPLY, json={"args": []}).status_code == 200
        wait_for(lambda: redis.llen(QUEUE) == 1, "the task that was asked for, in the queue that nobody reads")
        assert flower.login.post(stop).status_code == 200
        wait_for(lambda: worker.popen.poll() is not None, "the end of the worker")


def test_a_password_beyond_ascii_logs_in_and_any_other_does_not(family: Processes) -> None:
    with started(family, FLOWER_PASSWORD="Schlüssel-κλειδί") as (_, flower, port):
        assert flower.login.get("/api/workers").status_code == 200
        for wrong in ("Schlussel-κλειδί", PASSWORD):
            with closing(Flower(f"http://127.0.0.1:{port}", wrong)) as stranger:
                assert stranger.login.get("/api/workers").status_code == 401
