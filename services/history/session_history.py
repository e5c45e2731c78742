"""What is known of a session: its events with their evidence, its tickets with their mails, and why."""

from typing import Any

from sqlalchemy import Connection, text

from rules.explanation import explain as explain_decisions
from rules.explanation import flattened

_NEWEST = 1_000

_EVENTS = text("""
    SELECT * FROM (
        SELECT i.event_id AS id, i.type, i.occurred_at, i.received_at, i.decision, i.evidence, t.ticket_number,
               count(*) OVER () AS total
        FROM escalation.event_inbox AS i LEFT JOIN escalation.tickets AS t ON t.ticket_id = i.ticket_id
        WHERE i.session_id = :session_id
        ORDER BY i.occurred_at DESC, i.event_id DESC LIMIT :newest
    ) AS n ORDER BY occurred_at, id
""")
_TICKETS = text("""
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
_SESSION = text("""
    SELECT (SELECT status FROM escalation.sessions WHERE session_id = :session_id) AS status,
           (SELECT count(*) FROM escalation.rejected_events
            WHERE session_id = :session_id AND replayed_at IS NULL) AS rejected
""")


def history_of(connection: Connection, session_id: str) -> dict[str, Any]:
    """The newest thousand events of a session, oldest first, its tickets, and why it did or did not escalate."""
    asked = {"session_id": session_id}
    events = [dict(row) for row in connection.execute(_EVENTS, asked | {"newest": _NEWEST}).mappings()]
    tickets = [dict(row) for row in connection.execute(_TICKETS, asked).mappings()]
    session = connection.execute(_SESSION, asked).one()
    total = events[0]["total"] if events else 0
    return {
        "session_id": session_id,
        "known": bool(events or tickets or session.rejected),
        "status": session.status,
        "why": explain_decisions(flattened(events), tickets, total, session.rejected),
        "events": [{name: value for name, value in event.items() if name != "total"} for event in events],
        "events_total": total,
        "rejected": session.rejected,
        "tickets": tickets,
    }


_ATTEMPTS = text("""
    SELECT m.ticket_id, m.template, r.address, r.state, r.attempts, r.queued_at, r.next_attempt_at, a.number,
           a.started_at, a.finished_at, a.phase, a.code, a.enhanced_code, a.reply, a.reply_class
    FROM escalation.mails AS m
    JOIN escalation.mail_recipients AS r ON r.mail_id = m.mail_id
    LEFT JOIN escalation.delivery_attempts AS a ON a.recipient_id = r.recipient_id
    WHERE m.session_id = :session_id ORDER BY r.queued_at, r.address, a.number
""")
_PEOPLE = text("""
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
_OUTCOMES = text("""
    SELECT created_at, payload ->> 'type' AS type, payload ->> 'ticket_number' AS ticket_number,
           payload ->> 'say' AS say, published_at
    FROM escalation.outcomes WHERE session_id = :session_id ORDER BY position
""")
_REJECTED = text("""
    SELECT rejected_at, rejected_id, reason, replayed_at FROM escalation.rejected_events
    WHERE session_id = :session_id ORDER BY rejected_at
""")
_PARTS = {"attempts": _ATTEMPTS, "people": _PEOPLE, "outcomes": _OUTCOMES, "set_aside": _REJECTED}


def explain(connection: Connection, session_id: str) -> dict[str, Any]:
    """The session's history, every attempt to deliver its mails, what people did, and what the assistant was told."""
    asked = {"session_id": session_id}
    parts = {
        name: [dict(row) for row in connection.execute(statement, asked).mappings()]
        for name, statement in _PARTS.items()
    }
    return history_of(connection, session_id) | parts
