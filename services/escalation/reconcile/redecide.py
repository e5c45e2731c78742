"""Decides again what never led to anything: events of the inbox, and what ABParts wrote elsewhere than in the stream.

Events are made of the latter, so that they go the usual way.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

import structlog
from sqlalchemy import Connection, RowMapping, text

from escalation_client.events import Event, InvalidEvent, SessionEnded, encode
from escalation_client.events.wire import event_of
from rules.decision import Examined, decide
from rules.reasons import BASE_PRIORITY, TRIGGER_TYPE, Reason
from rules.triggers import Signal, examine
from services.database.encoding import derive_id
from services.database.unnest import Jsonb, Unnest
from services.escalation.process_batch import adopt_foreign, escalate, group_by_session, process_events
from services.escalation.reconcile.findings import Tally
from services.events.decoding import Received
from services.events.inbox import lock_sessions
from services.events.session_state import read_states, write_states
from services.events.stream import StreamEntry
from services.installation import Installation

logger = structlog.get_logger()

# The first reason of each of ABParts' words; its word "evaluation" names none, so an expert has to look.
_REASONS_BY_TRIGGER_TYPE = {word: reason for reason, word in reversed(list(TRIGGER_TYPE.items()))}
_ESCALATED = "ABParts set the session to escalated and opened no ticket"
_TRIGGERED = "ABParts' trigger log says escalate and there is no ticket"


def open_for_sessions(connection: Connection, rows: Sequence[RowMapping], installation: Installation) -> int:
    """Open tickets for sessions that ABParts escalated; return for how many sessions."""
    return _process(connection, [_from_session(row) for row in rows], installation)


def open_for_triggers(connection: Connection, rows: Sequence[RowMapping], installation: Installation) -> int:
    """Open tickets for triggers of ABParts' own that decided to escalate; return for how many triggers."""
    return _process(connection, [_from_trigger(row) for row in rows], installation)


def _process(connection: Connection, received: Sequence[Received | None], installation: Installation) -> int:
    usable = [entry for entry in received if entry is not None]
    return process_events(connection, usable, installation).events if usable else 0


def _from_session(row: RowMapping) -> Received | None:
    evidence = {"observed": "escalated", "limit": "escalated", "grounds": [_ESCALATED]}
    return _session_ended(row, "escalated session", row["at"].isoformat(), Reason.EXPERT_REQUIRED, evidence)


def _from_trigger(row: RowMapping) -> Received | None:
    evidence = {"observed": row["trigger_value"], "grounds": [_TRIGGERED], "trigger_id": row["id"]}
    reason = _REASONS_BY_TRIGGER_TYPE.get(row["trigger_type"], Reason.EXPERT_REQUIRED)
    known = {name: value for name, value in evidence.items() if value is not None}
    return _session_ended(row, "lone trigger", row["id"], reason, known)


def _session_ended(row: RowMapping, kind: str, key: str, reason: str, evidence: dict[str, Any]) -> Received | None:
    """ABParts has escalated the session, which is what this event says; None when no event can name the session."""
    try:
        event = SessionEnded(
            id=derive_id(kind, row["session_id"], key),
            session_id=row["session_id"],
            occurred_at=row["at"],
            status="escalated",
        )
    except InvalidEvent as error:
        logger.error("session_cannot_be_repaired", kind=kind, error=error.member)
        return None
    return _as_received(event, (Signal(reason, True, BASE_PRIORITY[reason], evidence),), datetime.now(UTC))


def _as_received(event: Event, signals: tuple[Signal, ...], published_at: datetime) -> Received:
    """An event as if it had come from the stream."""
    entry = StreamEntry(f"{int(published_at.timestamp() * 1000)}-0", encode(event).encode(), {})
    return Received(entry, Examined(event, signals))


def _from_inbox(row: RowMapping, installation: Installation) -> Received | None:
    """An event of the inbox, examined again; None when it cannot be read any more."""
    try:
        event = event_of(row["payload"])
    except InvalidEvent as error:
        logger.error("inbox_event_unreadable", event_id=str(row["event_id"]), member=error.member)
        return None
    return _as_received(event, examine(event, installation.policy, installation.lexicon), row["published_at"])


class _DecisionRow(NamedTuple):
    event_id: UUID
    decision: str
    evidence: Jsonb


_DECISION_ROWS = Unnest(_DecisionRow)
_WRITE_DECISIONS = text(f"""
    UPDATE escalation.event_inbox AS i
    SET {_DECISION_ROWS.assignments(key="event_id")}, policy_version = :policy_version
    FROM {_DECISION_ROWS.table}
    WHERE i.event_id = n.event_id
""")


def decide_again(connection: Connection, rows: Sequence[RowMapping], installation: Installation) -> Tally:
    """Decide these events as if they had just arrived; those that rightly led to nothing are not counted."""
    read = [_from_inbox(row, installation) for row in rows]
    usable = [entry for entry in read if entry is not None]
    if not usable:
        return Tally(found=len(rows))
    lock_sessions(connection, (entry.event.session_id for entry in usable))
    by_session = group_by_session(entry.examined for entry in usable)
    states = read_states(connection, by_session)
    decisions = [decide(states[session_id], events, installation.policy) for session_id, events in by_session.items()]
    write_states(connection, [decision.state for decision in decisions])
    rows_to_write = [_DecisionRow(entry.event.id, entry.decision, entry.evidence) for entry in usable]
    connection.execute(
        _WRITE_DECISIONS, _DECISION_ROWS.parameters(rows_to_write, policy_version=installation.policy.version)
    )
    escalate(connection, adopt_foreign(connection, decisions, states, by_session, installation), usable, installation)
    fired = {fired.event.id for decision in decisions for fired in decision.fired}
    undecided = {row["event_id"] for row in rows if row["decision"] not in {"escalate", "continue"}}
    repaired = fired | {entry.event.id for entry in usable if entry.event.id in undecided}
    return Tally(found=len(repaired | undecided), repaired=len(repaired))
