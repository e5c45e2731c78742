"""ABParts' rows that say why a session was escalated."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, text

from rules.decision import Fired
from rules.reasons import TRIGGER_TYPE
from services.database.encoding import identity

INSERT_TRIGGERS = text("""
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
        INSERT_TRIGGERS,
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
