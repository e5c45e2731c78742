"""What came of events: the entries of the outcome stream (version 1)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from escalation_client.errors import InvalidOutcome
from escalation_client.events.parsing import parse_object
from escalation_client.events.times import parse_time

_KNOWN: Final = frozenset(
    {"id", "version", "type", "occurred_at", "session_id", "event_id", "ticket_id", "ticket_number"}
    | {"priority", "reasons", "contact", "say", "phrase", "message_id"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Something that the assistant may want to know.

    `type` is `ticket.opened`, `ticket.updated`, `ticket.acknowledged`, `ticket.resolved`, `mail.accepted`, `mail.held`,
    `push.accepted`, `event.rejected`, `confirmation.suggested`, or one of a later version. This one is a question
    to the user, is a human wanted or anybody in danger: `phrase` is what was perhaps heard in the message
    `message_id`. `say` is what the user may now truthfully be told or asked, in the session's language. The same `id`
    may come more than once. `entry_id` is its place in the stream.
    """

    id: UUID
    type: str
    occurred_at: datetime
    session_id: str | None = None
    event_id: UUID | None = None
    ticket_id: str | None = None
    ticket_number: str | None = None
    priority: str | None = None
    reasons: tuple[str, ...] = ()
    contact: Mapping[str, Any] | None = None
    say: str | None = None
    phrase: str | None = None
    message_id: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)
    entry_id: str = ""


def decode_outcome(raw: bytes | str, entry_id: str = "") -> Outcome:
    """The outcome that some JSON says; unknown members are kept in `extra`. Raises `InvalidOutcome`."""
    try:
        return _outcome_of(parse_object(raw), entry_id)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise InvalidOutcome(f"the outcome {entry_id} cannot be read: {error!r}") from error


def _outcome_of(document: dict[str, Any], entry_id: str) -> Outcome:
    if str(document.get("version", 1)).partition(".")[0] != "1":
        raise ValueError(f"version {document['version']} is not 1 or a minor version of it")
    event_id = document.get("event_id")
    return Outcome(
        id=UUID(document["id"]),
        type=str(document["type"]),
        occurred_at=parse_time(document["occurred_at"]),
        session_id=document.get("session_id"),
        event_id=UUID(event_id) if event_id else None,
        ticket_id=document.get("ticket_id"),
        ticket_number=document.get("ticket_number"),
        priority=document.get("priority"),
        reasons=tuple(document.get("reasons") or ()),
        contact=document.get("contact"),
        say=document.get("say"),
        phrase=document.get("phrase"),
        message_id=document.get("message_id"),
        extra={name: value for name, value in document.items() if name not in _KNOWN},
        entry_id=entry_id,
    )
