"""Records of a session as ABParts and the inbox keep them."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, text

from escalation_client.events import Event, StepRecorded, encode
from services.conversation import Conversation, load_conversations
from tests.events import at

SESSION = "session-1"
INSERT_EVENT = text("""
    INSERT INTO escalation.event_inbox
        (event_id, session_id, type, occurred_at, payload, decision, evidence, policy_version, ticket_id)
    VALUES (:id, :session_id, :type, :at, CAST(:payload AS jsonb), 'continue', CAST(:evidence AS jsonb), '1', :ticket)
""")


def keep(
    connection: Connection, event: Event, evidence: Sequence[dict[str, Any]] = (), ticket: str | None = None
) -> None:
    connection.execute(
        INSERT_EVENT,
        {
            "id": str(event.id),
            "session_id": event.session_id,
            "type": event.type,
            "at": event.occurred_at,
            "payload": encode(event),
            "evidence": json.dumps(list(evidence)),
            "ticket": ticket,
        },
    )


def store_session(connection: Connection, metadata: object = None) -> None:
    connection.execute(
        text("""
            INSERT INTO ai_sessions (id, user_id, status, language, created_at, updated_at, session_metadata)
            VALUES (:id, 'user-1', 'active', 'en', now(), now(), CAST(:metadata AS json))
        """),
        {"id": SESSION, "metadata": json.dumps(metadata)},
    )


def store_message(connection: Connection, message_id: str, content: str, seconds: float, sender: str = "user") -> None:
    connection.execute(
        text("""
            INSERT INTO ai_messages (id, session_id, sender, content, message_type, language, timestamp)
            VALUES (:id, :session, :sender, :content, 'voice', 'el', :at)
        """),
        {
            "id": message_id,
            "session": SESSION,
            "sender": sender,
            "content": content,
            "at": at(seconds).replace(tzinfo=None),
        },
    )


def store_step(connection: Connection, number: int, seconds: float, **columns: Any) -> None:
    values = {"feedback": None, "completed": False, "success": None, "done": None, "instruction": "Look", **columns}
    connection.execute(
        text("""
            INSERT INTO troubleshooting_steps
                (id, session_id, step_number, instruction, user_feedback, completed, success, created_at, completed_at)
            VALUES (gen_random_uuid(), :session, :number, :instruction, :feedback, :completed, :success, :at, :done)
        """),
        {"session": SESSION, "number": number, "at": at(seconds).replace(tzinfo=None), **values},
    )


def told_step(number: int, seconds: float, **members: Any) -> StepRecorded:
    return StepRecorded(session_id=SESSION, occurred_at=at(seconds), step_number=number, **members)


def load(connection: Connection, session: str = SESSION) -> Conversation:
    return load_conversations(connection, [session])[session]
