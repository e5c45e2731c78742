"""How long the demo waits for what the second ear hears."""

import time

from redis import Redis
from sqlalchemy import Connection, text

from demo.player import hear_out, wait_for_outcome
from escalation_client.events import STREAM_EVENTS, MessageAdded
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


def test_at_the_end_it_waits_until_all_is_judged_and_what_was_heard_is_decided(
    connection: Connection, redis_url: str
) -> None:
    redis = Redis.from_url(redis_url)
    event = MessageAdded(session_id=SESSION, message_id="m-1", sender="user", content="he does not answer")
    keep(connection, event)
    connection.execute(QUEUE, {"id": str(event.id)})
    redis.xgroup_create(STREAM_EVENTS, "worker", mkstream=True)
    seen: list[str] = []

    def look() -> None:
        """First the text is judged and an event published, then the worker takes that and decides."""
        seen.append("look")
        if len(seen) == 3:
            redis.xadd(STREAM_EVENTS, {"event": "heard"})
            connection.execute(JUDGED)
        elif len(seen) == 5:
            redis.xreadgroup("worker", "it", {STREAM_EVENTS: ">"})
        elif len(seen) == 7:
            redis.xack(STREAM_EVENTS, "worker", redis.xinfo_stream(STREAM_EVENTS)["last-generated-id"])

    with redis:
        assert hear_out([], redis, connection, look) == []
    assert len(seen) == 7
