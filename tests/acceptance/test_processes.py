"""`celery -A worker …` from the checkout, as the engineer on call starts it."""

import json
from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from redis import Redis
from sqlalchemy import Connection, text

from escalation_client.events import encode
from services.events.stream import EVENTS, OUTCOMES
from tests.events import confidence, message
from tests.processes import PROGRAM, Processes, wait_for


def tickets(connection: Connection) -> list[str]:
    return list(connection.execute(text("SELECT session_id FROM public.support_tickets ORDER BY 1")).scalars())


def test_an_event_becomes_a_ticket_by_the_doorbell_without_beat(
    family: Processes, redis: Redis, connection: Connection
) -> None:
    family.worker()
    redis.xadd(EVENTS, {"event": encode(message("s", "i want to talk to a human"))})
    wait_for(lambda: tickets(connection) == ["s"], "the ticket")
    wait_for(lambda: redis.xlen(OUTCOMES) >= 1, "the outcome")


def test_an_event_becomes_a_ticket_by_the_sweep_without_the_doorbell(
    family: Processes, redis: Redis, connection: Connection
) -> None:
    redis.xadd(EVENTS, {"event": encode(confidence("before", 0.1))})
    family.worker()
    family.beat()
    wait_for(lambda: tickets(connection) == ["before"], "the ticket")


@pytest.mark.long
def test_two_beats_do_no_harm(family: Processes, redis: Redis, connection: Connection) -> None:
    family.worker()
    family.beat()
    family.beat()
    for number in range(20):
        redis.xadd(EVENTS, {"event": encode(confidence(f"s{number:02}", 0.1))})
    wait_for(lambda: len(tickets(connection)) == 20, "twenty tickets")
    wait_for(lambda: redis.xlen(OUTCOMES) >= 20, "twenty outcomes")
    assert redis.xlen(OUTCOMES) == 20


def test_an_event_sent_as_a_task_ends_in_the_same_place(
    family: Processes, redis: Redis, connection: Connection, redis_url: str
) -> None:
    family.worker()
    sender = Celery("assistant", broker=redis_url)
    sender.conf.broker_transport_options = {"global_keyprefix": "escalation:celery:"}
    event = json.loads(encode(confidence("sent", 0.1)))
    sender.send_task("escalation.submit_event", kwargs={"event": event}, queue="events", kwargsrepr="(hidden)")
    wait_for(lambda: tickets(connection) == ["sent"], "the ticket")
    sender.close()


def test_a_foreign_celery_application_in_the_same_redis_keeps_its_tasks(
    family: Processes, redis: Redis, connection: Connection, redis_url: str
) -> None:
    foreign: Any = Celery("foreign", broker=redis_url)
    foreign.send_task("foreign.task", queue="celery")
    foreign.send_task("foreign.task", queue="events")
    family.worker()
    family.beat()
    redis.xadd(EVENTS, {"event": encode(confidence("s", 0.1))})
    wait_for(lambda: tickets(connection) == ["s"], "the ticket")
    assert (redis.llen("celery"), redis.llen("events")) == (1, 1)
    foreign.close()


def test_a_task_that_is_not_ours_does_nothing(
    family: Processes, redis: Redis, connection: Connection, redis_url: str
) -> None:
    worker = family.worker()
    sender = Celery("stranger", broker=redis_url)
    sender.conf.broker_transport_options = {"global_keyprefix": "escalation:celery:"}
    sender.send_task("os.system", args=["true"], queue="events")
    worker.said("Received unregistered task")
    redis.xadd(EVENTS, {"event": encode(confidence("s", 0.1))})
    wait_for(lambda: tickets(connection) == ["s"], "the ticket")
    sender.close()


def test_flower_does_not_start_without_a_login_says_so_once_and_waits(family: Processes, tmp_path: Path) -> None:
    password = tmp_path / "flower_password"
    password.touch()
    login = {"FLOWER_USER": "oncall", "FLOWER_PASSWORD_FILE": str(password)}
    flower = family.start("celery", "-A", "worker", "flower", "--port=0", **login)
    flower.said("Flower does not start without a login")
    password.write_text("flower-pass-1234", encoding="utf-8")
    flower.said("Visit me")
    assert flower.output.count("flower_waits_for_a_login") == 1


def test_example_contacts_end_a_worker_outside_the_embedded_stack(family: Processes) -> None:
    family.environment["ESCALATION_EMBEDDED"] = "false"
    worker = family.start(PROGRAM, "worker", "-l", "INFO")
    wait_for(lambda: worker.popen.poll() is not None, "the end of the worker")
    assert "example.com" in worker.output
