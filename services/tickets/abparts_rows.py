"""ABParts' rows that say why a session was escalated."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, text

from rules.decision import Fired
from rules.reasons import TRIGGER_TYPE
from services.database.encoding import identity
from services.tickets.insert import NewTicket

_INSERT_TRIGGERS = text("""
    INSERT INTO public.escalation_triggers
        (id, session_id, trigger_type, trigger_value, triggered_at, escalation_decision, decision_reason)
    SELECT n.id, n.session_id, n.type, n.value, n.at AT TIME ZONE 'UTC', 'escalate', n.reason
    FROM unnest(
        CAST(:ids AS text[]), CAST(:session_ids AS text[]), CAST(:types AS text[]), CAST(:values AS double precision[]),
        CAST(:times AS timestamptz[]), CAST(:reasons AS text[])) AS n (id, session_id, type, value, at, reason)
    ON CONFLICT (id) DO NOTHING
""")


def insert_triggers(connection: Connection, triggers: Sequence[tuple[str, Fired]]) -> None:
    """One row for each reason of each ticket that fired."""
    connection.execute(
        _INSERT_TRIGGERS,
        {
            "ids": [str(identity("trigger", ticket_id, one.reason)) for ticket_id, one in triggers],
            "session_ids": [one.event.session_id for _, one in triggers],
            "types": [TRIGGER_TYPE[one.reason] for _, one in triggers],
            "values": [observed(one.signal.evidence) for _, one in triggers],
            "times": [one.event.occurred_at for _, one in triggers],
            "reasons": [told(one.reason, one.signal.evidence) for _, one in triggers],
        },
    )


def observed(evidence: Mapping[str, Any]) -> float | None:
    value = evidence.get("observed")
    return float(value) if isinstance(value, int | float) else None


def told(reason: str, evidence: Mapping[str, Any]) -> str:
    """The decision in words: the reason, what was seen, and the limit."""
    details = [
        f"{name}={evidence[name]}" for name in ("observed", "limit", "phrase", "gloss", "flag") if evidence.get(name)
    ]
    grounds = evidence.get("grounds") or []
    return "; ".join([reason, *details, *grounds])


# Who a session of ours belongs to when nobody said: ABParts' column takes no null.
UNKNOWN_USER = "unknown"

_INSERT_SESSIONS = text("""
    INSERT INTO public.ai_sessions (id, user_id, machine_id, status, language, created_at, updated_at)
    SELECT n.id, n.user_id, n.machine_id, 'escalated', n.language, utc.now, utc.now
    FROM unnest(
        CAST(:ids AS text[]), CAST(:user_ids AS text[]), CAST(:machine_ids AS text[]), CAST(:languages AS text[]))
        AS n (id, user_id, machine_id, language),
        (SELECT now() AT TIME ZONE 'UTC' AS now) AS utc
    ORDER BY n.id
    ON CONFLICT DO NOTHING
""")
_ESCALATE_SESSIONS = text("""
    UPDATE public.ai_sessions SET status = 'escalated', updated_at = now() AT TIME ZONE 'UTC'
    WHERE id IN (
        SELECT id FROM public.ai_sessions
        WHERE id = ANY(CAST(:ids AS text[])) AND status <> 'escalated' ORDER BY id FOR NO KEY UPDATE
    )
""")


def escalate_sessions(connection: Connection, tickets: Sequence[NewTicket]) -> None:
    """Mark ABParts' sessions as escalated; one that was never stored is added, since the ticket refers to it."""
    connection.execute(
        _INSERT_SESSIONS,
        {
            "ids": [ticket.session_id for ticket in tickets],
            "user_ids": [ticket.user_id or UNKNOWN_USER for ticket in tickets],
            "machine_ids": [ticket.machine_id for ticket in tickets],
            "languages": [ticket.language or "en" for ticket in tickets],
        },
    )
    escalate_sessions_by_id(connection, [ticket.session_id for ticket in tickets])


def escalate_sessions_by_id(connection: Connection, session_ids: Sequence[str]) -> None:
    """Mark sessions that are there as escalated, in the order of their ids."""
    connection.execute(_ESCALATE_SESSIONS, {"ids": list(session_ids)})
