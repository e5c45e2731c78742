"""Events as an assistant would publish them, with as little to say as a test needs."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5

from escalation_client.events import (
    ConfidenceReported,
    DiagnosisMade,
    EscalationRequested,
    MessageAdded,
    SessionEnded,
    SessionStarted,
    StepRecorded,
)

START = datetime(2026, 11, 23, 21, 30, tzinfo=UTC)
NAMESPACE = UUID("00000000-0000-4000-8000-000000000000")


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def seconds_until_now() -> float:
    """For what happens after a change that the database has just seen."""
    return (datetime.now(UTC) - START).total_seconds()


def key(session: str, kind: str, seconds: float) -> UUID:
    return uuid5(NAMESPACE, f"{session} {kind} {seconds}")


def started(session: str, seconds: float = 0, user: str = "user-1", machine: str | None = None) -> SessionStarted:
    return SessionStarted(
        session_id=session,
        id=key(session, "started", seconds),
        occurred_at=at(seconds),
        user_id=user,
        machine_id=machine,
        language="en",
    )


def message(
    session: str, content: str, seconds: float = 1, sender: str = "user", safety: bool | None = None
) -> MessageAdded:
    return MessageAdded(
        session_id=session,
        id=key(session, f"message {sender} {content}", seconds),
        occurred_at=at(seconds),
        message_id=f"{session}-{seconds}",
        sender=sender,
        content=content,
        safety=safety,
    )


def step(
    session: str, number: int, success: bool | None = False, seconds: float | None = None, completed: bool = True
) -> StepRecorded:
    when = 10 + number if seconds is None else seconds
    return StepRecorded(
        session_id=session,
        id=key(session, f"step {number} {success}", when),
        occurred_at=at(when),
        step_number=number,
        instruction=f"Check part {number}",
        completed=completed,
        success=success,
    )


def confidence(session: str, value: float, seconds: float = 5) -> ConfidenceReported:
    return ConfidenceReported(
        session_id=session, id=key(session, f"confidence {value}", seconds), occurred_at=at(seconds), confidence=value
    )


def requested(
    session: str,
    reason: str = "user_request",
    priority: str | None = None,
    seconds: float = 6,
    notes: str | None = None,
) -> EscalationRequested:
    return EscalationRequested(
        session_id=session,
        id=key(session, f"requested {reason} {priority} {notes}", seconds),
        occurred_at=at(seconds),
        reason=reason,
        priority=priority,
        notes=notes,
    )


def diagnosed(
    session: str,
    level: str = "high",
    category: str = "startup",
    requires_expert: bool = False,
    warnings: int = 0,
    confidence: float | None = None,
    seconds: float = 7,
) -> DiagnosisMade:
    return DiagnosisMade(
        session_id=session,
        id=key(session, f"diagnosed {level} {category} {requires_expert} {warnings} {confidence}", seconds),
        occurred_at=at(seconds),
        problem_category=category,
        confidence_level=level,
        confidence=confidence,
        requires_expert=requires_expert,
        safety_warnings=tuple(f"Warning {number}" for number in range(warnings)),
    )


def ended(session: str, status: str = "completed", seconds: float = 100) -> SessionEnded:
    return SessionEnded(
        session_id=session, id=key(session, f"ended {status}", seconds), occurred_at=at(seconds), status=status
    )
