"""The stand-in's statements as ABParts writes them: `NOW()` in columns without a zone, ids only for some tables."""

import os
from typing import Any

from sqlalchemy import create_engine, text
from sqlalchemy.exc import SQLAlchemyError

__all__ = ["SQLAlchemyError"]

engine = create_engine(os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+psycopg2://", 1))

SESSION_IS_THERE = text("SELECT id FROM ai_sessions WHERE id = :id")
INSERT_SESSION = text("""
    INSERT INTO ai_sessions (id, user_id, machine_id, status, language, created_at, updated_at)
    VALUES (:id, :user_id, :machine_id, 'active', :language, NOW(), NOW())
""")
TOUCH_SESSION = text("""
    UPDATE ai_sessions SET updated_at = NOW(), machine_id = :machine_id, language = :language WHERE id = :id
""")
INSERT_MESSAGE = text("""
    INSERT INTO ai_messages (id, session_id, sender, content, message_type, language, timestamp)
    VALUES (:id, :session_id, :sender, :content, :message_type, :language, NOW())
""")
UPDATE_METADATA = text("""
    UPDATE ai_sessions SET session_metadata = :metadata, updated_at = NOW() WHERE id = :id RETURNING *
""")
# No id: the database of production gives one.
INSERT_STEP = text("""
    INSERT INTO troubleshooting_steps (session_id, step_number, instruction, completed, success, created_at)
    VALUES (:session_id, :step_number, :instruction, false, false, NOW()) RETURNING *
""")
UPDATE_FEEDBACK = text("""
    UPDATE troubleshooting_steps SET user_feedback = :feedback, completed = true, updated_at = NOW()
    WHERE id = :id RETURNING *
""")
UPDATE_STATUS = text("""
    UPDATE ai_sessions SET status = :status, resolution_summary = 'Requires nothing more', updated_at = NOW()
    WHERE id = :id RETURNING *
""")
OPEN_STEP = text("""
    SELECT * FROM troubleshooting_steps WHERE session_id = :session_id AND NOT completed
    ORDER BY step_number DESC LIMIT 1
""")
INSERT_TICKET = text("""
    INSERT INTO support_tickets (id, session_id, ticket_number, priority, status, escalation_reason, session_summary,
                                 created_at, updated_at)
    SELECT gen_random_uuid()::text, :session_id, 'OLD-' || count(*) + 1, :priority, 'open', :reason, '', NOW(), NOW()
    FROM support_tickets RETURNING ticket_number
""")
OF_USER = "(SELECT id FROM ai_sessions WHERE user_id = :user_id)"
DELETE = {
    "messages": f"DELETE FROM ai_messages WHERE session_id IN {OF_USER}",
    "steps": f"DELETE FROM troubleshooting_steps WHERE session_id IN {OF_USER}",
    "triggers": f"DELETE FROM escalation_triggers WHERE session_id IN {OF_USER}",
    "sessions": "DELETE FROM ai_sessions WHERE user_id = :user_id",
    "tickets": f"UPDATE support_tickets SET session_summary = '[USER DATA DELETED]' WHERE session_id IN {OF_USER}",
}


def insert_session_and_message(session: dict[str, Any], message: dict[str, Any]) -> bool:
    """Whether the session was new."""
    with engine.begin() as connection:
        new = connection.execute(SESSION_IS_THERE, session).first() is None
        connection.execute(INSERT_SESSION if new else TOUCH_SESSION, session)
        connection.execute(INSERT_MESSAGE, message)
        return new


def insert_message(message: dict[str, Any]) -> None:
    with engine.begin() as connection:
        connection.execute(INSERT_MESSAGE, message)


def update_metadata(session_id: str, metadata: str) -> dict[str, Any]:
    return returned(UPDATE_METADATA, id=session_id, metadata=metadata)


def insert_step(step: dict[str, Any]) -> dict[str, Any]:
    return returned(INSERT_STEP, **step)


def update_feedback(step_id: str, feedback: str) -> dict[str, Any]:
    return returned(UPDATE_FEEDBACK, id=step_id, feedback=feedback)


def update_status(session_id: str, status: str) -> dict[str, Any]:
    return returned(UPDATE_STATUS, id=session_id, status=status)


def open_step(session_id: str) -> dict[str, Any] | None:
    with engine.begin() as connection:
        row = connection.execute(OPEN_STEP, {"session_id": session_id}).mappings().first()
        return None if row is None else dict(row)


def insert_ticket(session_id: str, reason: str, priority: str) -> str:
    ticket = {"session_id": session_id, "reason": reason, "priority": priority}
    return str(returned(INSERT_TICKET, **ticket)["ticket_number"])


def delete_user(user_id: str) -> dict[str, int]:
    """Rows that went, by table; all or none."""
    with engine.begin() as connection:
        return {name: connection.execute(text(sql), {"user_id": user_id}).rowcount for name, sql in DELETE.items()}


def returned(statement: Any, **parameters: Any) -> dict[str, Any]:
    """The row that a statement wrote, committed."""
    with engine.begin() as connection:
        return dict(connection.execute(statement, parameters).mappings().one())
