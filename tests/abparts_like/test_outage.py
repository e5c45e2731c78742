"""Redis away: nobody who chats sees an error, and afterwards every ticket and every mail is there."""

import threading
import time

import pytest
from redis import Redis

from escalation_client.words import say_taken
from tests.abparts_like.conftest import Assistant
from tests.abparts_like.shapes import Shape
from tests.processes import PROGRAM, Processes, wait_for
from worker.embedded import EmbeddedValkey


@pytest.fixture(scope="module")
def shape() -> Shape:
    return Shape.PRODUCTION


def supervise(family: Processes) -> None:
    """Start again what has ended, as Docker and systemd do: Celery's worker may end when its broker goes away."""
    for process in family.started:
        if process.arguments[0] == PROGRAM and process.popen.poll() is not None:
            process.restart()


@pytest.mark.parametrize("seconds", [3, pytest.param(60, marks=pytest.mark.long)])
def test_nothing_is_lost_and_no_error_is_shown(
    assistant: Assistant, family: Processes, valkey: EmbeddedValkey, seconds: int
) -> None:
    # Its sweeps find what a hint was lost for while Redis was away.
    family.beat()
    calm = assistant.say("before the outage")
    with Redis.from_url(valkey.url) as redis:
        wait_for(lambda: redis.xlen("escalation:events") > 0, "the first events")
    sessions: list[str] = []
    before = len(assistant.tickets())
    valkey.kill()
    try:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline or len(sessions) < 5:
            sessions.append(assistant.say(f"there is smoke, message {len(sessions)}"))
            answer = assistant.escalate(sessions[-1], additional_notes="man overboard")
            assert (answer["status"], answer["ticket_number"]) == ("pending", "")
            assert answer["message"] == say_taken("en")
            threading.Event().wait(seconds / 20)
        lost = assistant.escalate("null", "user-1", additional_notes="man overboard")
        assert lost["status"] == "pending"
    finally:
        valkey.start()

    def all_have_tickets() -> bool:
        supervise(family)
        return set(sessions) <= assistant.tickets().keys()

    wait_for(all_have_tickets, "a ticket for each session", seconds=180)
    wait_for(lambda: len(assistant.tickets()) == before + len(sessions) + 1, "a ticket of the lost session")
    assert calm not in assistant.tickets()
    for session_id in sessions:
        ticket = assistant.tickets()[session_id]
        assert (ticket["priority"], ticket["escalation_reason"]) == ("urgent", "safety_concern")
        assistant.mail(ticket["ticket_number"])
