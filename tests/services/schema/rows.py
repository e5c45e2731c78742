"""Rows as ABParts writes them, and what a table holds."""

from typing import Any

from sqlalchemy import Connection, text

FILL = (
    """
    INSERT INTO ai_sessions (id, user_id, machine_id, status, language, created_at, updated_at, session_metadata)
    SELECT 's' || n, 'user-' || n % 7, CASE WHEN n % 3 = 0 THEN 'machine-' || n END,
           CASE WHEN n % 2 = 0 THEN 'active' ELSE 'escalated' END, 'en', '2026-01-01', '2026-01-02',
           '{"diagnostic_assessment": {"likely_causes": ["a", "b"], "confidence": 0.250}}'
    FROM generate_series(1, 20) AS n""",
    """
    INSERT INTO ai_messages (id, session_id, sender, content, message_type, language, timestamp)
    SELECT 'm' || n, 's' || n, 'user', 'the pump stops', 'text', 'en', '2026-01-01' FROM generate_series(1, 20) AS n""",
    """
    INSERT INTO support_tickets (id, session_id, ticket_number, priority, status, escalation_reason, session_summary,
                                 machine_context, expert_contact_info, created_at, updated_at)
    SELECT 't' || n, 's' || n, 'AB-20260101-' || lpad(n::text, 4, '0'), 'medium', 'open', 'user_request', 'It stops',
           '{"hours": [1, 2.50]}', NULL, '2026-01-01', '2026-01-01' FROM generate_series(1, 9, 2) AS n""",
    """
    INSERT INTO escalation_triggers (id, session_id, trigger_type, trigger_value, triggered_at, escalation_decision)
    SELECT 'g' || n, 's' || n, 'confidence_low', n * 0.01, '2026-01-01', 'escalate' FROM generate_series(1, 9) AS n""",
    "INSERT INTO expert_feedback (id, session_id, rating) VALUES ('f1', 's1', 5), ('f2', 's4', 1)",
    "INSERT INTO support_cases (id, session_id, ticket_id) VALUES ('c1', 's1', 't1'), ('c2', NULL, NULL)",
)
LATER = (
    "UPDATE support_tickets SET status = 'resolved', resolution_notes = 'Tightened', priority = 'high' WHERE id = 't1'",
    "UPDATE ai_sessions SET session_metadata = '{\"a\": null, \"b\": [1.50]}', language = 'el' WHERE id = 's2'",
    "DELETE FROM support_tickets WHERE id = 't3'",
    "DELETE FROM escalation_triggers WHERE session_id = 's2'",
    "UPDATE support_tickets SET ticket_number = 'AB-20260102-0001' WHERE id = 't5'",
)
SESSION = """
    INSERT INTO ai_sessions (id, user_id, status, language, created_at, updated_at)
    VALUES (:id, 'u', 'active', 'en', now(), now())
"""
LOG = """
    SELECT table_name, row_id, action, actor, old, new FROM escalation.audit_log
    WHERE action <> 'baseline' ORDER BY audit_id
"""


def fill(connection: Connection) -> None:
    """Sessions, messages, tickets and triggers of old."""
    for statement in FILL:
        connection.execute(text(statement))


def add_session(connection: Connection, session_id: str) -> None:
    connection.execute(text(SESSION), {"id": session_id})


def rows(connection: Connection, statement: str, **parameters: Any) -> list[dict[str, Any]]:
    return [dict(row) for row in connection.execute(text(statement), parameters).mappings()]


def contents(connection: Connection, table: str) -> list[dict[str, Any]]:
    """Every row of a table of ABParts, by its id."""
    return rows(connection, f"SELECT * FROM public.{table} ORDER BY id")


def log(connection: Connection) -> list[dict[str, Any]]:
    """The audit log since the baseline."""
    return rows(connection, LOG)
