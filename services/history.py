"""What is known of a session: its events with their evidence, its tickets with their mails, and why."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, text

from rules.explanation import explain, flattened

NEWEST = 1_000

EVENTS = text("""
    SELECT * FROM (
        SELECT i.event_id AS id, i.type, i.occurred_at, i.received_at, i.decision, i.evidence, t.ticket_number,
               count(*) OVER () AS total
        FROM escalation.event_inbox AS i LEFT JOIN escalation.tickets AS t ON t.ticket_id = i.ticket_id
        WHERE i.session_id = :session_id
        ORDER BY i.occurred_at DESC, i.event_id DESC LIMIT :newest
    ) AS n ORDER BY occurred_at, id
""")
TICKETS = text("""
    SELECT t.ticket_id, t.ticket_number, coalesce(p.priority, t.priority) AS priority,
           coalesce(CAST(p.status AS text), 'gone') AS status, t.reasons, t.opened_at, t.acknowledged_at,
           coalesce(m.mails, '[]'::jsonb) AS mails
    FROM escalation.tickets AS t
    LEFT JOIN public.support_tickets AS p ON p.id = t.ticket_id
    LEFT JOIN LATERAL (
        SELECT jsonb_agg(jsonb_build_object('template', m.template, 'state', r.state, 'attempts', r.attempts,
                                            'queued_at', r.queued_at, 'accepted_at', r.accepted_at)
                         ORDER BY r.queued_at, r.recipient_id) AS mails
        FROM escalation.mails AS m JOIN escalation.mail_recipients AS r ON r.mail_id = m.mail_id
        WHERE m.ticket_id = t.ticket_id
    ) AS m ON true
    WHERE t.session_id = :session_id ORDER BY t.ordinal
""")
SESSION = text("""
    SELECT (SELECT status FROM escalation.sessions WHERE session_id = :session_id) AS status,
           (SELECT count(*) FROM escalation.rejected_events
            WHERE session_id = :session_id AND replayed_at IS NULL) AS rejected
""")


def history_of(connection: Connection, session_id: str) -> dict[str, Any]:
    """The newest thousand events of a session, oldest first, its tickets, and why it did or did not escalate."""
    asked = {"session_id": session_id}
    events = [dict(row) for row in connection.execute(EVENTS, asked | {"newest": NEWEST}).mappings()]
    tickets = [dict(row) for row in connection.execute(TICKETS, asked).mappings()]
    session = connection.execute(SESSION, asked).one()
    total = events[0]["total"] if events else 0
    return {
        "session_id": session_id,
        "known": bool(events or tickets or session.rejected),
        "status": session.status,
        "why": explain(flattened(events), tickets, total, session.rejected),
        "events": [without(event, "total") for event in events],
        "events_total": total,
        "rejected": session.rejected,
        "tickets": tickets,
    }


def without(row: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key != name}
