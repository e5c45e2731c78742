"""Tickets worked on by `send_task` from another program: done, checked, and nothing of it in Flower or the logs."""

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from celery import Celery
from redis import Redis
from sqlalchemy import Connection, text

from escalation_client.events import encode
from escalation_client.history import ANSWERS
from services.events.stream import EVENTS, OUTCOMES
from tests.events import confidence
from tests.processes import Process, Processes, wait_for

pytestmark = pytest.mark.long

SECRET = "Called Captain Nikos at the farm"


@pytest.fixture
def worker(family: Processes, redis: Redis, connection: Connection) -> Process:
    process = family.worker()
    redis.xadd(EVENTS, {"event": encode(confidence("s", 0.1))})
    wait_for(lambda: tickets(connection), "the ticket")
    return process


@pytest.fixture
def sender(worker: Process, redis_url: str) -> Iterator[Celery]:
    """ABParts' own Celery application, as docs/tickets.md shows it."""
    app = Celery("abparts", broker=redis_url)
    app.conf.broker_transport_options = {"global_keyprefix": "escalation:celery:"}
    yield app
    app.close()


def tickets(connection: Connection) -> list[Any]:
    return list(connection.execute(text("SELECT * FROM public.support_tickets")).mappings())


class Listener:
    """Sees what Flower sees: the events of the workers."""

    def __init__(self, app: Celery) -> None:
        self.app = app
        self.seen: list[dict[str, Any]] = []
        self.ready = threading.Event()
        self.thread = threading.Thread(target=self.listen)

    def listen(self) -> None:
        with self.app.connection_for_read() as connection:
            self.receiver = self.app.events.Receiver(connection, handlers={"*": self.seen.append})
            self.ready.set()
            self.receiver.capture(limit=None, timeout=None, wakeup=False)

    def __enter__(self) -> "Listener":
        self.thread.start()
        self.ready.wait(30)
        return self

    def __exit__(self, *_: object) -> None:
        self.receiver.should_stop = True
        self.thread.join()

    def states_of(self, task_id: str) -> list[str]:
        return [one["type"] for one in self.seen if one.get("uuid") == task_id]


def send(app: Celery, name: str, **arguments: Any) -> str:
    return str(app.send_task(f"escalation.tickets.{name}", kwargs=arguments, queue="sweeps").id)


def test_actions_by_name_reach_the_ticket_and_the_assistant(
    sender: Celery, redis: Redis, connection: Connection
) -> None:
    number = tickets(connection)[0]["ticket_number"]
    send(sender, "acknowledge", ticket=number, who="Maria")
    wait_for(lambda: tickets(connection)[0]["status"] == "in_progress", "in_progress")
    send(sender, "resolve", ticket=number, note=SECRET, who="Maria")
    wait_for(lambda: tickets(connection)[0]["resolution_notes"] == SECRET, "the resolution")
    wait_for(lambda: len(told(redis)) == 3, "three outcomes")
    assert told(redis) == ["ticket.opened", "ticket.acknowledged", "ticket.resolved"]


def told(redis: Redis) -> list[str]:
    entries: Any = redis.xrange(OUTCOMES)
    return [json.loads(fields[b"outcome"])["type"] for _, fields in entries]


def test_lists_and_tickets_are_answered_where_the_sender_waits(
    sender: Celery, redis: Redis, connection: Connection
) -> None:
    number = tickets(connection)[0]["ticket_number"]
    send(sender, "list", answer_key=f"{ANSWERS}one")
    send(sender, "show", ticket=number, answer_key=f"{ANSWERS}two")
    listed, shown = (json.loads(answer_at(redis, f"{ANSWERS}{name}")) for name in ("one", "two"))
    assert [one["ticket_number"] for one in listed["tickets"]] == [number]
    assert shown["ticket"]["reasons"]["low_confidence"]["observed"] == 0.1


def answer_at(redis: Redis, key: str) -> bytes:
    popped: Any = redis.blpop([key], timeout=30)
    assert popped, f"no answer at {key}"
    return bytes(popped[1])


def test_neither_flower_nor_the_log_sees_notes_and_names(
    worker: Process, sender: Celery, connection: Connection
) -> None:
    number = tickets(connection)[0]["ticket_number"]
    with Listener(sender) as listener:
        taken = send(sender, "acknowledge", ticket=number, who=SECRET)
        wait_for(lambda: "task-succeeded" in listener.states_of(taken), "the event of the success")
        refused = send(sender, "acknowledge", ticket=number, who="John")
        wait_for(lambda: "task-failed" in listener.states_of(refused), "the event of the failure")
    everything = json.dumps(listener.seen, default=str) + worker.output
    assert "(not shown)" in everything
    assert "assign it to hand it over" in everything
    assert SECRET not in everything
    assert "John" not in everything
