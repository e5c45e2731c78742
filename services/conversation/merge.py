"""One conversation out of two records of it: what ABParts stored and what the events told."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace

from sqlalchemy import Connection

from escalation_client.events import (
    ConfidenceReported,
    DiagnosisMade,
    EscalationRequested,
    MessageAdded,
    StepRecorded,
)
from services.conversation.conversation import Conversation
from services.conversation.from_abparts import Stored, load_stored
from services.conversation.from_events import Kept, load_kept
from services.conversation.models import Confidence, Diagnosis, Message, Request, Step


def merged(session_id: str, stored: Stored, kept: Sequence[Kept]) -> Conversation:
    """Both records as one; `kept` is in the order of its time."""
    return Conversation(
        session_id=session_id,
        messages=_merged_messages(stored.messages, _told_messages(kept)),
        steps=_merged_steps([*_told_steps(kept), *stored.steps]),
        diagnoses=_merged_diagnoses(stored.diagnosis, list(_told_diagnoses(kept))),
        confidences=tuple(_told_confidences(kept)),
        requests=tuple(_told_requests(kept)),
        evidence=tuple(evidence for one in kept for evidence in one.evidence()),
        hurt=_hurt_of(kept),
    )


def _merged_messages(stored: Iterable[Message], told: Iterable[Message]) -> tuple[Message, ...]:
    """Each message id once, as ABParts stored it where it did, else as it was first told."""
    once: dict[str, Message] = {}
    for message in [*stored, *told]:
        once.setdefault(message.message_id, message)
    return tuple(sorted(once.values(), key=lambda message: (message.at, message.message_id)))


def _merged_steps(records: Iterable[Step]) -> tuple[Step, ...]:
    """Each step number once: what was said of it last, and completed when it ever was."""
    once: dict[int, Step] = {}
    for record in sorted(records, key=lambda step: step.at):
        earlier = once.get(record.number)
        once[record.number] = followed(earlier, record) if earlier else record
    return tuple(once[number] for number in sorted(once))


def followed(earlier: Step, later: Step) -> Step:
    return replace(
        later,
        instruction=later.instruction or earlier.instruction,
        feedback=later.feedback or earlier.feedback,
        completed=later.completed or earlier.completed,
        success=earlier.success if later.success is None else later.success,
    )


def _merged_diagnoses(stored: Diagnosis | None, told: Sequence[Diagnosis]) -> tuple[Diagnosis, ...]:
    """ABParts keeps only its latest, without a time: it comes first, unless an event told the same."""
    known = {(one.category, one.confidence_level) for one in told}
    unheard = stored and (stored.category, stored.confidence_level) not in known
    return (stored, *told) if stored and unheard else tuple(told)


def _told_messages(kept: Iterable[Kept]) -> Iterator[Message]:
    for one in kept:
        if isinstance(event := one.event, MessageAdded):
            yield Message(
                message_id=event.message_id,
                sender=event.sender,
                content=event.content,
                at=event.occurred_at,
                message_type=event.message_type,
                language=event.language,
            )


def _told_steps(kept: Iterable[Kept]) -> Iterator[Step]:
    for one in kept:
        if isinstance(event := one.event, StepRecorded):
            yield Step(
                number=event.step_number,
                instruction=event.instruction,
                at=event.occurred_at,
                feedback=event.user_feedback,
                completed=event.completed,
                success=event.success,
            )


def _told_diagnoses(kept: Iterable[Kept]) -> Iterator[Diagnosis]:
    for one in kept:
        if isinstance(event := one.event, DiagnosisMade):
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


def _told_confidences(kept: Iterable[Kept]) -> Iterator[Confidence]:
    for one in kept:
        match one.event:
            case ConfidenceReported() as event:
                yield Confidence(at=event.occurred_at, value=event.confidence, source="report")
            case DiagnosisMade(confidence=float(value)) as event:
                yield Confidence(at=event.occurred_at, value=value, source="diagnosis")
            case StepRecorded(confidence=float(value)) as event:
                yield Confidence(at=event.occurred_at, value=value, source="step")


def _told_requests(kept: Iterable[Kept]) -> Iterator[Request]:
    for one in kept:
        if isinstance(event := one.event, EscalationRequested):
            yield Request(
                event_id=event.id,
                at=event.occurred_at,
                reason=event.reason,
                priority=event.priority,
                notes=event.notes,
                requested_by=event.requested_by,
                callback_phone=event.callback_phone,
            )


def _hurt_of(kept: Iterable[Kept]) -> str:
    """Said once, it stays said: a later "we are fine" may come from somebody else."""
    told = {signal.get("hurt") for one in kept for signal in one.signals}
    return next((word for word in ("said", "denied") if word in told), "unknown")


def load_conversations(connection: Connection, session_ids: Collection[str]) -> dict[str, Conversation]:
    """The conversation of each session, an empty one where nothing is known; five statements."""
    stored = load_stored(connection, session_ids)
    kept = load_kept(connection, session_ids)
    return {session_id: merged(session_id, stored[session_id], kept[session_id]) for session_id in session_ids}
