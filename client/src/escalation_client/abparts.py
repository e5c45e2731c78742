"""ABParts' rows as events: one line at each place where the assistant commits one.

    publisher.tell(abparts.message, row)

A row is a mapping (`row._mapping`, a dict) or an object with the columns as attributes (a SQLAlchemy row or model).
Columns that a shape of the database lacks may be missing, and ABParts' habits are known here (docs/abparts.md): steps
nobody has answered, "It worked!" beside `success` false, the status `resolved`, diagnoses with any shape of member.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from enum import Enum
from typing import Any, Final
from uuid import UUID, uuid4

from escalation_client.events import (
    ConfidenceReported,
    DiagnosisMade,
    EscalationRequested,
    Event,
    MessageAdded,
    SessionEnded,
    SessionStarted,
    StepRecorded,
)
from escalation_client.events.lenient import UNFIT, build_leniently
from escalation_client.events.types import BaseEvent
from escalation_client.events.unknown_session import UNKNOWN_USER, names_no_session
from escalation_client.receipt import Receipt

# What the chat's button stores when a step has helped, although `success` may stay false.
_HELPED: Final = frozenset({"worked", "it worked", "it worked!"})
_END_OF: Final = {
    "completed": "completed",
    "resolved": "completed",
    "abandoned": "abandoned",
    "escalated": "escalated",
}
_REASON_OF: Final = {
    "confidence_low": "low_confidence",
    "evaluation": "expert_required",
    "safety": "safety_concern",
}
_PRIORITY_OF: Final = {"critical": "urgent", "normal": "medium"}
# A diagnosis that does not say how sure it is must not pass for a sure one.
_CONFIDENCE_UNSAID: Final = "low"


def session(row: Any) -> SessionStarted:
    """A row of `ai_sessions` that was inserted."""
    session_id = _text(row, "id", "session_id")
    return build_leniently(
        SessionStarted,
        id=_id_of(SessionStarted, session_id),
        session_id=session_id,
        occurred_at=_time(row, "created_at"),
        user_id=_column(row, "user_id") or UNKNOWN_USER,
        machine_id=_column(row, "machine_id"),
        language=_column(row, "language"),
    )


def message(row: Any, user_id: str | None = None) -> Iterator[Event]:
    """A row of `ai_messages` that was inserted, and the confidence in its metadata, if there is one.

    :param user_id: whose chat it is; messages that lost their session are put together by it
    """
    message_id = _text(row, "id", "message_id")
    told = build_leniently(
        MessageAdded,
        id=_id_of(MessageAdded, message_id),
        session_id=_text(row, "session_id"),
        occurred_at=_time(row, "timestamp", "created_at"),
        message_id=message_id or uuid4(),
        sender=_column(row, "sender"),
        content=_column(row, "content") or "",
        message_type=_column(row, "message_type"),
        language=_column(row, "language"),
        extra=_user(row, user_id),
    )
    yield told
    confidence = _number(_object(_column(row, "message_metadata")).get("confidence"))
    if confidence is not None:
        yield ConfidenceReported(
            id=_id_of(ConfidenceReported, message_id),
            session_id=told.session_id,
            occurred_at=told.occurred_at,
            confidence=confidence,
            extra=told.extra,
        )


def diagnosis(row: Any, assessment: Any = None) -> Iterator[DiagnosisMade]:
    """The diagnosis in a row of `ai_sessions`, if there is one; the same one again is the same event.

    :param assessment: the diagnosis, where it is not in the row's `session_metadata.diagnostic_assessment`
    """
    session_id = _text(row, "id", "session_id")
    if assessment is None:
        assessment = _object(_column(row, "session_metadata")).get("diagnostic_assessment")
    if not (said := _object(assessment)):
        return
    level = said.get("confidence_level")
    known = _word(level) in {"high", "medium", "low", "very_low"}
    yield build_leniently(
        DiagnosisMade,
        id=_id_of(DiagnosisMade, session_id, json.dumps(said, sort_keys=True, default=str)),
        session_id=session_id,
        problem_category=said.get("problem_category"),
        likely_causes=said.get("likely_causes"),
        confidence_level=level if known else _CONFIDENCE_UNSAID,
        confidence=said.get("confidence", said.get("confidence_score")),
        safety_warnings=said.get("safety_warnings"),
        requires_expert=said.get("requires_expert"),
        recommended_steps=said.get("recommended_steps"),
        estimated_duration=said.get("estimated_duration"),
        extra=_user(row) if known else {**_user(row), UNFIT: {"confidence_level": level}},
    )


def step(row: Any, user_id: str | None = None) -> StepRecorded:
    """A row of `troubleshooting_steps` that was inserted, or answered.

    Until a step is `completed` nobody has said whether it helped, whatever `success` says.

    :param user_id: whose chat it is
    """
    completed, feedback = bool(_column(row, "completed")), _column(row, "user_feedback")
    helped = _column(row, "success") if completed else None
    if completed and isinstance(feedback, str) and feedback.strip().lower() in _HELPED:
        helped = True
    return build_leniently(
        StepRecorded,
        id=_id_of(StepRecorded, _text(row, "id", "step_id"), completed, helped, feedback),
        session_id=_text(row, "session_id"),
        step_number=_column(row, "step_number"),
        instruction=_column(row, "instruction"),
        user_feedback=feedback,
        completed=completed,
        success=helped,
        extra=_user(row, user_id),
    )


def ended(row: Any) -> Iterator[SessionEnded]:
    """The end that the status in a row of `ai_sessions` means; nothing while the session goes on."""
    session_id, status = _text(row, "id", "session_id"), _translated(_END_OF, _column(row, "status"))
    if status in _END_OF.values():
        yield SessionEnded(
            id=_id_of(SessionEnded, session_id, status, _column(row, "updated_at") or ""),
            session_id=session_id,
            status=status,
            extra=_user(row),
        )


def escalation(session_id: str | None, form: Any, user_id: str | None = None) -> EscalationRequested:
    """What the ticket dialogue sends; each time is a request of its own.

    :param session_id: as the page sent it; "null" and the like become a session of this user's and minute's own
    :param form: the request's body: `escalation_reason`, `priority`, `additional_notes`
    :param user_id: who is logged in
    """
    return build_leniently(
        EscalationRequested,
        session_id=session_id,
        reason=_translated(_REASON_OF, _column(form, "escalation_reason", "reason")),
        priority=_translated(_PRIORITY_OF, _column(form, "priority")),
        notes=_column(form, "additional_notes", "notes"),
        requested_by=user_id or _column(form, "requested_by", "user_id"),
        callback_phone=_column(form, "callback_phone", "phone"),
    )


def answer(receipt: Receipt) -> dict[str, Any]:
    """The members of the ticket dialogue's response model, also when no ticket number came in time.

    `status` is "created", or "pending" with an empty number; `message` is what the user may be told.
    """
    contact = receipt.contact
    return {
        "ticket_id": receipt.ticket_id or "",
        "ticket_number": receipt.ticket_number or "",
        "status": "created" if receipt.ticket_number else "pending",
        "message": receipt.say,
        "expert_contact_info": {"primary_contact": dict(contact)} if contact else None,
    }


def _column(row: Any, *names: str) -> Any:
    """The first of these columns that the row has and that is not null."""
    for name in names:
        value = row.get(name) if isinstance(row, Mapping) else getattr(row, name, None)
        if value is not None:
            return value.value if isinstance(value, Enum) else value
    return None


def _text(row: Any, *names: str) -> str:
    """A key as text, also where the column is a uuid; empty when there is none."""
    value = _column(row, *names)
    return "" if value is None else str(value)


def _id_of(kind: type[BaseEvent], first: Any, *more: Any) -> UUID:
    """The same id for the same row, and one of its own where the row is not known by an id."""
    return uuid4() if names_no_session(first) else kind.deterministic_id(first, *more)


def _time(row: Any, *names: str) -> datetime | None:
    """When it was, if the row can say it: ABParts' columns without a zone may be hours off, so now is nearer."""
    value = _column(row, *names)
    return value if isinstance(value, datetime) and value.tzinfo is not None else None


def _object(value: Any) -> Mapping[str, Any]:
    """A JSON column's object, also where the driver leaves it as text; empty when it holds anything else."""
    if isinstance(value, str | bytes):
        try:
            value = json.loads(value)
        except ValueError:
            return {}
    return value if isinstance(value, Mapping) else {}


def _number(value: Any) -> float | None:
    """A number from 0 to 1, or None."""
    return float(value) if type(value) in (int, float) and 0 <= value <= 1 else None


def _word(value: Any) -> str | None:
    return "_".join(value.lower().replace("-", " ").replace("_", " ").split()) if isinstance(value, str) else None


def _translated(table: Mapping[str, str], value: Any) -> Any:
    """The word that the worker has for a word of others; anything that is not in the table stays."""
    return table.get(_word(value) or "", value)


def _user(row: Any, user_id: str | None = None) -> dict[str, Any]:
    """Who it was, where that is known: events of an unknown session are put together by it."""
    user = user_id or _column(row, "user_id")
    return {} if user is None else {"user_id": str(user)}
