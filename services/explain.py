"""Everything that happened with a session: what each rule saw, tickets, attempts, people, outcomes."""

from typing import Any

from sqlalchemy import Connection, text

from services.history import history_of

ATTEMPTS = text("""
    SELECT m.ticket_id, m.template, r.address, r.state, r.attempts, r.queued_at, r.next_attempt_at, a.number,
           a.started_at, a.finished_at, a.phase, a.code, a.enhanced_code, a.reply, a.reply_class
    FROM escalation.mails AS m
    JOIN escalation.mail_recipients AS r ON r.mail_id = m.mail_id
    LEFT JOIN escalation.delivery_attempts AS a ON a.recipient_id = r.recipient_id
    WHERE m.session_id = :session_id ORDER BY r.queued_at, r.address, a.number
""")
PEOPLE = text("""
    SELECT a.at, t.ticket_number, a.action, a.actor, a.details
    FROM escalation.ticket_actions AS a JOIN escalation.tickets AS t ON t.ticket_id = a.ticket_id
    WHERE t.session_id = :session_id
    UNION ALL
    SELECT r.sent_at, t.ticket_number, 'chased', r.contact, jsonb_build_object('rung', r.rung, 'priority', r.priority)
    FROM escalation.ticket_rungs AS r JOIN escalation.tickets AS t ON t.ticket_id = r.ticket_id
    WHERE t.session_id = :session_id
    UNION ALL
    SELECT a.at, a.new ->> 'ticket_number', 'row changed', a.actor, jsonb_build_object(
        'status', a.new ->> 'status', 'priority', a.new ->> 'priority', 'assigned', a.new ->> 'assigned_expert_id')
    FROM escalation.audit_log AS a JOIN escalation.tickets AS t ON t.ticket_id = a.row_id
    WHERE a.table_name = 'support_tickets' AND a.action = 'update' AND t.session_id = :session_id
    ORDER BY 1, 3
""")
OUTCOMES = text("""
    SELECT created_at, payload ->> 'type' AS type, payload ->> 'ticket_number' AS ticket_number,
           payload ->> 'say' AS say, published_at
    FROM escalation.outcomes WHERE session_id = :session_id ORDER BY position
""")
REJECTED = text("""
    SELECT rejected_at, rejected_id, reason, replayed_at FROM escalation.rejected_events
    WHERE session_id = :session_id ORDER BY rejected_at
""")
PARTS = {"attempts": ATTEMPTS, "people": PEOPLE, "outcomes": OUTCOMES, "set_aside": REJECTED}


def explain(connection: Connection, session_id: str) -> dict[str, Any]:
    """The session's history, every attempt to deliver its mails, what people did, and what the assistant was told."""
    asked = {"session_id": session_id}
    parts = {
        name: [dict(row) for row in connection.execute(statement, asked).mappings()]
        for name, statement in PARTS.items()
    }
    return history_of(connection, session_id) | parts
