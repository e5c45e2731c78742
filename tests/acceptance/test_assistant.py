"""An assistant's back end as the client's example has it: uvicorn with two processes, beside a real worker."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from celery import Celery
from redis import Redis
from sqlalchemy import Connection, text

from escalation_client.celery import enqueue
from escalation_client.events import TextJudged, encode
from escalation_client.words import say_taken
from services.events.stream import EVENTS
from tests.events import confidence
from tests.processes import ROOT, Processes, wait_for
from worker.embedded import EmbeddedValkey
from worker.embedded.ports import HOST, Port

pytestmark = pytest.mark.long


@pytest.fixture
def assistant(family: Processes, tmp_path: Path) -> Iterator[httpx.Client]:
    """The example's pages, answered by two processes."""
    reserved = Port(None, "uvicorn")
    port = reserved.number
    server = family.start(
        "uvicorn", "--app-dir", str(ROOT / "client" / "examples"), "--workers", "2",
        "--host", HOST, "--port", str(port), "fastapi_assistant:app",
        ESCALATION_SPOOL=str(tmp_path / "spool"),
    )  # fmt: skip
    wait_for(lambda: server.output.count("Application startup complete") == 2, "two uvicorn processes")
    with httpx.Client(base_url=f"http://{HOST}:{port}", timeout=30) as client:
        yield client
    server.stop()


def begin(assistant: httpx.Client) -> str:
    answer = assistant.post("/sessions", json={"user_id": "user-1", "language": "en"}).raise_for_status()
    return str(answer.json()["session_id"])


def say(assistant: httpx.Client, session_id: str, content: str, confidence: float | None = None) -> None:
    assistant.post(
        f"/sessions/{session_id}/messages", json={"sender": "user", "content": content, "confidence": confidence}
    ).raise_for_status()


def tickets(connection: Connection) -> dict[str, str]:
    """Ticket numbers by session."""
    rows = connection.execute(text("SELECT session_id, ticket_number FROM public.support_tickets"))
    return {row.session_id: row.ticket_number for row in rows}


def test_the_dialogue_is_answered_with_the_ticket_s_number_within_a_second(
    family: Processes, assistant: httpx.Client, connection: Connection
) -> None:
    family.worker()
    session_id = begin(assistant)
    began = time.monotonic()
    answer = assistant.post(f"/sessions/{session_id}/escalation", json={"notes": "Please call", "priority": "high"})
    assert time.monotonic() - began < 1.5
    assert answer.raise_for_status().json()["ticket_number"] == tickets(connection)[session_id]
    assert tickets(connection)[session_id] in answer.json()["say"]
    again = assistant.post(f"/sessions/{session_id}/escalation", json={"priority": "high"}).raise_for_status().json()
    assert again["ticket_number"] == tickets(connection)[session_id]


def test_danger_in_a_message_opens_a_ticket_and_the_history_says_why(
    family: Processes, assistant: httpx.Client, connection: Connection
) -> None:
    family.worker()
    session_id = begin(assistant)
    say(assistant, session_id, "there is smoke coming out of the cabinet", confidence=0.1)
    wait_for(lambda: session_id in tickets(connection), "the ticket")
    history = assistant.get(f"/sessions/{session_id}/history").raise_for_status().json()
    assert tickets(connection)[session_id] in history["why"]
    assert "Safety concern identified" in history["why"]
    assert [event["type"] for event in history["events"]] == [
        "session.started",
        "message.added",
        "confidence.reported",
    ]


def test_when_unsure_the_user_is_asked_and_yes_opens_the_ticket(
    family: Processes, assistant: httpx.Client, redis: Redis, connection: Connection
) -> None:
    family.worker()
    session_id = begin(assistant)
    unsure = TextJudged(
        session_id=session_id, text_event_id=str(uuid4()), kind="danger", score=0.4, model="test", phrase="he went down"
    )
    redis.xadd(EVENTS, {"event": encode(unsure)})
    asked = assistant.get(f"/sessions/{session_id}/outcomes").raise_for_status().json()
    assert asked["asks"]
    assert asked["say"].startswith("Is anybody hurt or in danger?")
    assert tickets(connection) == {}
    say(assistant, session_id, "yes")
    told = assistant.get(f"/sessions/{session_id}/outcomes", params={"after": asked["after"]}).raise_for_status().json()
    assert tickets(connection)[session_id] in told["say"]
    assert not told["asks"]


def test_an_event_enqueued_by_another_celery_application_becomes_a_ticket(
    family: Processes, redis: Redis, redis_url: str, connection: Connection
) -> None:
    family.worker()
    assistant = Celery("assistant", broker=redis_url, set_as_current=False)
    assert enqueue(assistant, confidence("s", 0.1))
    wait_for(lambda: tickets(connection).keys() == {"s"}, "the ticket")
    wait_for(lambda: redis.llen("escalation:celery:events") == 0, "the hint to be taken")


def test_many_users_at_once_on_both_processes_get_a_ticket_each(
    family: Processes, assistant: httpx.Client, connection: Connection
) -> None:
    family.worker()
    with ThreadPoolExecutor(8) as users:
        sessions = list(users.map(lambda _: begin(assistant), range(24)))
        list(users.map(lambda session_id: say(assistant, session_id, "i want to talk to a human"), sessions))
    wait_for(lambda: tickets(connection).keys() == set(sessions), "a ticket for every session")


def test_the_chat_goes_on_while_redis_is_away_and_nothing_is_lost(
    assistant: httpx.Client, redis: Redis, valkey: EmbeddedValkey
) -> None:
    session_id = begin(assistant)
    valkey.kill()
    try:
        began = time.monotonic()
        for number in range(20):
            say(assistant, session_id, f"message {number}")
        assert time.monotonic() - began < 10
    finally:
        valkey.start()
    wait_for(lambda: redis.xlen(EVENTS) >= 21, "the events from the spool")
    assert redis.xlen(EVENTS) == 21


def test_man_overboard_while_redis_is_away_is_taken_and_answered_with_words(
    family: Processes, assistant: httpx.Client, valkey: EmbeddedValkey, connection: Connection
) -> None:
    session_id = begin(assistant)
    valkey.kill()
    try:
        answer = assistant.post(f"/sessions/{session_id}/escalation", json={"notes": "man overboard", "language": "no"})
    finally:
        valkey.start()
    assert answer.raise_for_status().json() == {"ticket_number": None, "say": say_taken("no"), "contact": None}
    assert assistant.get(f"/sessions/{session_id}/history").status_code == 503
    family.worker()
    wait_for(lambda: session_id in tickets(connection), "the ticket")


def test_dialogues_of_a_page_that_lost_its_session_become_a_ticket_for_each_user(
    family: Processes, assistant: httpx.Client, connection: Connection
) -> None:
    family.worker()
    for lost, user in (("null", "user-1"), ("undefined", "user-2")):
        assistant.post(f"/sessions/{lost}/escalation", json={"requested_by": user}).raise_for_status()
    wait_for(lambda: len(tickets(connection)) == 2, "two tickets")
    assert not tickets(connection).keys() & {"null", "undefined"}


def test_what_cannot_be_is_told_to_the_caller(assistant: httpx.Client, redis: Redis) -> None:
    answer = assistant.post("/sessions/s/escalation", json={"reason": "boredom"})
    assert answer.status_code == 422
    assert "data.reason" in answer.json()["detail"]
    assert redis.xlen(EVENTS) == 0
