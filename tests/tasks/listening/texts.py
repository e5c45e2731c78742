"""What the tests of the second ear share: texts, what became of them, and a run of the task."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from redis import Redis
from sqlalchemy import text

from escalation_client.events import Event, MessageAdded
from services.database.engine import begin
from services.installation import Installation
from services.listening.ear import second_ear
from services.listening.judge import judge_waiting

Publish = Callable[[Sequence[Event | str]], None]
ONLY_SECOND = "his sleeve went round the shaft and took the arm with it"
DOUBTFUL = "τι κάνω με τον καπνό στο κουτί"
REASONS = text("SELECT reasons FROM escalation.tickets")
WAITING = text("SELECT count(*) FROM escalation.texts_to_judge")


def said(content: str, session_id: str = "s1") -> MessageAdded:
    return MessageAdded(
        session_id=session_id, message_id="m1", sender="user", content=content, occurred_at=datetime.now(UTC)
    )


def listen(redis: Redis, installation: Installation) -> tuple[int, int]:
    with begin() as connection:
        return judge_waiting(connection, redis, second_ear(), installation, 100)
