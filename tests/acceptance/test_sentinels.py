"""Worker, beat and Flower behind Sentinels: the primary is killed while events flow, and all of them go on."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from celery import Celery
from redis import Redis
from sqlalchemy import Connection, text

from escalation_client import ConfidenceReported, Publisher
from tasks.celery_config import broker_of
from tests.client.replicated import PASSWORD, SERVICE, Replicated, replicated
from tests.processes import Processes, processes, wait_for
from worker.embedded.ports import HOST, Port

pytestmark = pytest.mark.long


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Replicated]:
    with replicated(tmp_path) as cluster:
        cluster.wait_until_complete()
        yield cluster


@pytest.fixture
def family(cluster: Replicated, environment: dict[str, str], tmp_path: Path) -> Iterator[Processes]:
    with processes({**environment, "REDIS_URL": cluster.url}, tmp_path) as family:
        yield family


def publish(publisher: Publisher, session: str) -> None:
    publisher.publish(ConfidenceReported(session_id=session, confidence=0.1))


def test_all_events_have_tickets_though_the_primary_was_killed(
    cluster: Replicated, family: Processes, connection: Connection, tmp_path: Path
) -> None:
    worker, beat = family.worker(), family.beat()

    def tickets() -> set[str]:
        return set(connection.execute(text("SELECT session_id FROM public.support_tickets")).scalars())

    sessions = [f"s{number}" for number in range(100)]
    with Publisher(cluster.url, spool=tmp_path / "spool", replicas=1, timeout=2) as publisher:
        for session in sessions[:50]:
            publish(publisher, session)
        wait_for(lambda: tickets() >= set(sessions[:50]), "tickets of what came before")
        cluster.primary.kill()
        for session in sessions[50:]:
            publish(publisher, session)
        assert publisher.flush(60)
    primary = cluster.new_primary()
    wait_for(lambda: tickets() == set(sessions), "a ticket for each session")
    assert (worker.popen.poll(), beat.popen.poll()) == (None, None)
    with Redis.from_url(primary.url) as redis:
        last = redis.hget("escalation:last_runs", "beat")
        wait_for(lambda: redis.hget("escalation:last_runs", "beat") != last, "beat to ring at the new primary")
    for process in family.started:
        assert PASSWORD not in process.output


def test_flower_shows_the_queues_of_the_primary_whichever_sentinel_is_there(
    cluster: Replicated, environment: dict[str, str], tmp_path: Path
) -> None:
    cluster.sentinels[0].kill()
    url, port = cluster.url.replace("/0?", "/3?"), Port(None, "flower").number
    login = {"FLOWER_USER": "team", "FLOWER_PASSWORD": "sesame", "FLOWER_PORT": str(port)}
    sender = Celery(set_as_current=False)
    sender.conf.update(broker_of(url))
    with processes({**environment, "REDIS_URL": url}, tmp_path) as family:
        worker = family.worker()
        flower = family.start("celery", "-A", "worker", "flower", **login)
        flower.said("Visit me at")
        with httpx.Client(base_url=f"http://{HOST}:{port}", auth=("team", "sesame"), timeout=20) as client:
            wait_for(lambda: client.get("/api/workers", params={"refresh": "1"}).json(), "a worker in Flower")

            told = client.get("/api/workers", params={"refresh": "1"}).text
            assert SERVICE in told
            assert PASSWORD not in told + client.get("/broker").text

            def waiting() -> int:
                answer = client.get("/api/queues/length")
                queues = answer.json()["active_queues"] if answer.is_success else []
                return sum(queue["messages"] for queue in queues)

            os.kill(worker.pid, signal.SIGSTOP)
            sender.send_task("escalation.drain_events", queue="events")
            sender.send_task("escalation.drain_events", queue="events")
            wait_for(waiting, "a message in Flower")
            cluster.primary.kill()
            cluster.new_primary()
            wait_for(waiting, "the message at the new primary")
            os.kill(worker.pid, signal.SIGCONT)
            wait_for(lambda: not waiting(), "the worker to take the message")
        assert (worker.popen.poll(), flower.popen.poll()) == (None, None)
        assert all(PASSWORD not in process.output for process in family.started)
