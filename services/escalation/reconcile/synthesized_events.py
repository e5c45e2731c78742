"""Makes events of what ABParts wrote about a session elsewhere than in the stream, so that they go the usual way."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import structlog
from sqlalchemy import Connection, RowMapping

from escalation_client.events import Event, InvalidEvent, SessionEnded, encode
from escalation_client.events.wire import event_of
from rules.decision import Examined
from rules.reasons import BASE_PRIORITY, TRIGGER_TYPE, Reason
from rules.triggers import Signal, examine
from services.database.encoding import derive_id
from services.escalation.process_batch import process_events
from services.events.decoding import Received
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


def from_inbox(row: RowMapping, installation: Installation) -> Received | None:
    """An event of the inbox, examined again; None when it cannot be read any more."""
    try:
        event = event_of(row["payload"])
    except InvalidEvent as error:
        logger.error("inbox_event_unreadable", event_id=str(row["event_id"]), member=error.member)
        return None
    return _as_received(event, examine(event, installation.policy, installation.lexicon), row["published_at"])
