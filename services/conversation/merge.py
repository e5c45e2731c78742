"""Merges what ABParts stored of a session with what its events reported."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from escalation_client.events import (
    ConfidenceReported,
    DiagnosisMade,
    EscalationRequested,
    MessageAdded,
    StepRecorded,
)
from escalation_client.events.unknown_session import SESSION_UNKNOWN
from services.conversation.conversation import Conversation, Story
from services.conversation.models import Confidence, Diagnosis, Message, Request, Step
from services.conversation.sources import (
    StoredEvent,
    StoredSession,
    correct_messages,
    correct_steps,
    load_stored,
)
from services.directory.tables import Readable


def _merge(session_id: str, stored: StoredSession) -> Conversation:
    """Both records as one."""
    kept = stored.events
    return Conversation(
        session_id=session_id,
        **_merge_story(stored),
        confidences=tuple(_reported_confidences(kept)),
        requests=tuple(_reported_requests(kept)),
        evidence=tuple(evidence for entry in kept for evidence in entry.evidence()),
        hurt=_find_injury(kept),
    )


def _merge_story(stored: StoredSession) -> dict[str, Any]:
    """The members of a story but the session's id."""
    kept = stored.events
    messages, steps = list(_reported_messages(kept)), list(_reported_steps(kept))
    return {
        "messages": _merge_messages(correct_messages(stored.messages, messages), messages),
        "steps": _merge_steps([*steps, *correct_steps(stored.steps, steps)]),
        "diagnoses": _merge_diagnoses(stored.diagnosis, list(_reported_diagnoses(kept))),
        "session_unknown": any(SESSION_UNKNOWN in entry.event.extra for entry in kept),
    }


def _merge_messages(stored: Iterable[Message], reported: Iterable[Message]) -> tuple[Message, ...]:
    """Keep each message id once: as ABParts stored it (its time set right), else as the first event reported it."""
    once: dict[str, Message] = {}
    for message in [*stored, *reported]:
        once.setdefault(message.message_id, message)
    return tuple(sorted(once.values(), key=lambda message: (message.at, message.message_id)))


def _merge_steps(records: Iterable[Step]) -> tuple[Step, ...]:
    """Keep each step number once: its latest state, and completed when it ever was."""
    once: dict[int, Step] = {}
    for record in sorted(records, key=lambda step: step.at):
        earlier = once.get(record.number)
        once[record.number] = _update_step(earlier, record) if earlier else record
    return tuple(once[number] for number in sorted(once))


def _update_step(earlier: Step, later: Step) -> Step:
    return replace(
        later,
        instruction=later.instruction or earlier.instruction,
        feedback=later.feedback or earlier.feedback,
        completed=later.completed or earlier.completed,
        success=earlier.success if later.success is None else later.success,
    )


def _merge_diagnoses(stored: Diagnosis | None, reported: Sequence[Diagnosis]) -> tuple[Diagnosis, ...]:
    """ABParts keeps only its latest, without a time: it comes first, unless an event reported the same."""
    known = {(diagnosis.category, diagnosis.confidence_level) for diagnosis in reported}
    unreported = stored and (stored.category, stored.confidence_level) not in known
    return (stored, *reported) if stored and unreported else tuple(reported)


def _reported_messages(kept: Iterable[StoredEvent]) -> Iterator[Message]:
    for entry in kept:
        if isinstance(event := entry.event, MessageAdded):
            yield Message(
                message_id=event.message_id,
                sender=event.sender,
                content=event.content,
                at=event.occurred_at,
                message_type=event.message_type,
                language=event.language,
            )


def _reported_steps(kept: Iterable[StoredEvent]) -> Iterator[Step]:
    for entry in kept:
        if isinstance(event := entry.event, StepRecorded):
            yield Step(
                number=event.step_number,
                instruction=event.instruction,
                at=event.occurred_at,
                feedback=event.user_feedback,
                completed=event.completed,
                # Without an answer ABParts writes `success` false.
                success=event.success if event.completed or event.success else None,
            )


def _reported_diagnoses(kept: Iterable[StoredEvent]) -> Iterator[Diagnosis]:
    for entry in kept:
        if isinstance(event := entry.event, DiagnosisMade):
            yield Diagnosis(
                category=event.problem_category,
                confidence_level=event.confidence_level,
                at=event.occurred_at,
                confidence=event.confidence,
                likely_causes=event.likely_causes,
                safety_warnings=event.safety_warnings,
                recommended_steps=event.recommended_steps,
                requires_expert=event.requires_expert,
                estimated_minutes=event.estimated_duration,
            )


def _reported_confidences(kept: Iterable[StoredEvent]) -> Iterator[Confidence]:
    for entry in kept:
        match entry.event:
            case ConfidenceReported() as event:
                yield Confidence(at=event.occurred_at, value=event.confidence, source="report")
            case DiagnosisMade(confidence=float(value)) as event:
                yield Confidence(at=event.occurred_at, value=value, source="diagnosis")
            case StepRecorded(confidence=float(value)) as event:
                yield Confidence(at=event.occurred_at, value=value, source="step")


def _reported_requests(kept: Iterable[StoredEvent]) -> Iterator[Request]:
    for entry in kept:
        if isinstance(event := entry.event, EscalationRequested):
            yield Request(
                event_id=event.id,
                at=event.occurred_at,
                reason=event.reason,
                priority=event.priority,
                notes=event.notes,
                requested_by=event.requested_by,
                callback_phone=event.callback_phone,
            )


def _find_injury(kept: Iterable[StoredEvent]) -> str:
    """A report of injury stays: a later "we are fine" may come from somebody else."""
    reports = {signal.get("hurt") for entry in kept for signal in entry.signals}
    return next((word for word in ("said", "denied") if word in reports), "unknown")


def load_conversations(
    connection: Connection, session_ids: Collection[str], known: Readable | None = None
) -> dict[str, Conversation]:
    """The conversation of each session, an empty one where nothing is known; two statements.

    :param known: what is readable, if that was asked already
    """
    stored = load_stored(connection, session_ids, known)
    return {session_id: _merge(session_id, stored[session_id]) for session_id in session_ids}


def load_stories(
    connection: Connection, session_ids: Collection[str], known: Readable | None = None
) -> dict[str, Story]:
    """The same without what its summary does not tell: fewer events are read."""
    stored = load_stored(connection, session_ids, known, whole=False)
    return {session_id: Story(session_id=session_id, **_merge_story(stored[session_id])) for session_id in session_ids}
