"""How long the demo waits for what the second ear hears."""

import time

from sqlalchemy import Connection, text

from demo.player import wait_for_outcome
from escalation_client.events import MessageAdded
from tests.services.records import SESSION, keep

PATIENCE = 0.3
QUEUE = text("INSERT INTO escalation.texts_to_judge (event_id, doubtful) VALUES (:id, false)")
JUDGED = text("DELETE FROM escalation.texts_to_judge")


def waited(connection: Connection, judged_after: float) -> float:
    """Seconds that the demo waits for a question that never comes."""
    begun = time.monotonic()

    def look() -> None:
        if time.monotonic() - begun > judged_after:
            connection.execute(JUDGED)

    wait_for_outcome("confirmation.suggested", SESSION, connection, look, PATIENCE)
    return time.monotonic() - begun


def test_its_patience_begins_when_the_second_ear_has_judged_the_session(connection: Connection) -> None:
    event = MessageAdded(session_id=SESSION, message_id="m-1", sender="user", content="he does not answer")
    keep(connection, event)
    connection.execute(QUEUE, {"id": str(event.id)})
    assert waited(connection, judged_after=4 * PATIENCE) >= 5 * PATIENCE


def test_it_does_not_wait_for_the_texts_of_others(connection: Connection) -> None:
    event = MessageAdded(session_id="another", message_id="m-1", sender="user", content="he does not answer")
    keep(connection, event)
    connection.execute(QUEUE, {"id": str(event.id)})
    assert waited(connection, judged_after=60) < 60
