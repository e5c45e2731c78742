"""ABParts' rows that say why a session was escalated."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection

from rules.decision import Fired
from rules.reasons import TRIGGER_TYPE
from services.database.encoding import derive_text
from services.database.prepared import prepared
from services.database.quick import write
from services.database.unnest import Unnest
from services.tickets.insert import NewTicket


class _TriggerRow(NamedTuple):
    id: str
    session_id: str
    trigger_type: str
    trigger_value: float | None
    triggered_at: datetime
    decision_reason: str


_TRIGGER_ROWS = Unnest(_TriggerRow)
_INSERT_TRIGGERS = prepared(f"""
    INSERT INTO public.escalation_triggers
        (id, session_id, trigger_type, trigger_value, triggered_at, escalation_decision, decision_reason)
    SELECT id, session_id, trigger_type, trigger_value, triggered_at AT TIME ZONE 'UTC', 'escalate', decision_reason
    FROM {_TRIGGER_ROWS.table}
    ON CONFLICT (id) DO NOTHING
""")


def insert_triggers(connection: Connection, triggers: Sequence[tuple[str, Fired]]) -> None:
    """One row for each reason of each ticket (by its id) that fired."""
    rows = [
        _TriggerRow(
            id=trigger_id(ticket_id, fired.reason),
            session_id=fired.event.session_id,
            trigger_type=TRIGGER_TYPE[fired.reason],
            trigger_value=numeric_observation(fired.signal.evidence),
            triggered_at=fired.event.occurred_at,
            decision_reason=describe_decision(fired.reason, fired.signal.evidence),
        )
        for ticket_id, fired in triggers
    ]
    write(connection, _INSERT_TRIGGERS, _TRIGGER_ROWS.parameters(rows))


def trigger_id(ticket_id: str, reason: str) -> str:
    """The id of the row in ABParts' `escalation_triggers` for a ticket's reason."""
    return derive_text("trigger", ticket_id, reason)


def numeric_observation(evidence: Mapping[str, Any]) -> float | None:
    value = evidence.get("observed")
    return float(value) if isinstance(value, int | float) else None


def describe_decision(reason: str, evidence: Mapping[str, Any]) -> str:
    """The reason, what was seen, and the limit, in one line."""
    details = [
        f"{name}={evidence[name]}" for name in ("observed", "limit", "phrase", "gloss", "flag") if evidence.get(name)
    ]
    return "; ".join([reason, *details, *(evidence.get("grounds") or [])])


# The user of a session whose user is unknown: ABParts' column takes no null.
UNKNOWN_USER = "unknown"


class _SessionRow(NamedTuple):
    id: str
    user_id: str
    machine_id: str | None
    language: str


_SESSION_ROWS = Unnest(_SessionRow)
_INSERT_SESSIONS = prepared(f"""
    INSERT INTO public.ai_sessions ({_SESSION_ROWS.columns}, status, created_at, updated_at)
    SELECT {_SESSION_ROWS.columns}, 'escalated', utc.now, utc.now
    FROM {_SESSION_ROWS.table}, (SELECT now() AT TIME ZONE 'UTC' AS now) AS utc
    ORDER BY id
    ON CONFLICT DO NOTHING
""")
_ESCALATE_SESSIONS = prepared("""
    UPDATE public.ai_sessions SET status = 'escalated', updated_at = now() AT TIME ZONE 'UTC'
    WHERE id IN (
        SELECT id FROM public.ai_sessions
        WHERE id = ANY(CAST(:ids AS text[])) AND status <> 'escalated' ORDER BY id FOR NO KEY UPDATE
    )
""")


def escalate_sessions(connection: Connection, tickets: Sequence[NewTicket]) -> None:
    """Mark ABParts' sessions as escalated; one that was never stored is added, since the ticket refers to it."""
    rows = [
        _SessionRow(ticket.session_id, ticket.user_id or UNKNOWN_USER, ticket.machine_id, ticket.language or "en")
        for ticket in tickets
    ]
    write(connection, _INSERT_SESSIONS, _SESSION_ROWS.parameters(rows))
    escalate_sessions_by_id(connection, [ticket.session_id for ticket in tickets])


def escalate_sessions_by_id(connection: Connection, session_ids: Sequence[str]) -> None:
    """Mark sessions that are there as escalated, in the order of their ids."""
    write(connection, _ESCALATE_SESSIONS, {"ids": list(session_ids)})
