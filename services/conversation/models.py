"""The messages, steps, diagnoses and requests of a session."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message; `sender` is user, assistant or system."""

    message_id: str
    sender: str
    content: str
    at: datetime
    message_type: str = "text"
    language: str | None = None

    @property
    def is_from_user(self) -> bool:
        """Whether the user wrote something; blank messages do not count."""
        return self.sender == "user" and bool(self.content.strip())


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A troubleshooting step as it stands; `success` is None while nobody has said, `at` is its last change."""

    number: int
    instruction: str
    at: datetime
    feedback: str | None = None
    completed: bool = False
    success: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """What the assistant thought is wrong; `at` is None where only ABParts' session says so."""

    category: str
    confidence_level: str
    at: datetime | None = None
    confidence: float | None = None
    likely_causes: tuple[str, ...] = ()
    safety_warnings: tuple[str, ...] = ()
    recommended_steps: tuple[str, ...] = ()
    requires_expert: bool = False
    estimated_minutes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Confidence:
    """How sure the assistant was, from 0 to 1; `source` is report, diagnosis or step."""

    at: datetime
    value: float
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Somebody asked for a human by the dialogue."""

    event_id: UUID
    at: datetime
    reason: str
    priority: str | None = None
    notes: str | None = None
    requested_by: str | None = None
    callback_phone: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Why a rule fired: what was observed and its limit, or the words as typed and their gloss in English.

    `grounds` are an expert rule's; `flagged` means that the assistant itself saw danger; `hurt` is said, denied or
    unknown; `message_id`, `step` or `from_notes` say where the words stand; `heard` names the second ear where it
    judged the text, and is None where a word list matched; `answer` is yes or none where the user was asked.
    """

    rule: str
    at: datetime | None = None
    event_id: UUID | None = None
    ticket_id: str | None = None
    observed: float | str | None = None
    limit: float | str | None = None
    phrase: str | None = None
    gloss: str | None = None
    language: str | None = None
    message_id: str | None = None
    step: int | None = None
    from_notes: bool = False
    flagged: bool = False
    grounds: tuple[str, ...] = ()
    category: str | None = None
    hurt: str | None = None
    heard: str | None = None
    answer: str | None = None

    @classmethod
    def from_signal(
        cls, signal: Mapping[str, Any], at: datetime | None, event_id: UUID | None, ticket_id: str | None
    ) -> "Evidence":
        """From a signal as it is stored with its event or ticket."""
        plain = ("observed", "limit", "phrase", "gloss", "language", "message_id", "step", "category", "hurt", "answer")
        return cls(
            rule=signal["rule"],
            at=at,
            event_id=event_id,
            ticket_id=ticket_id,
            from_notes=signal.get("source") == "notes",
            flagged=bool(signal.get("flag")),
            grounds=tuple(signal.get("grounds") or ()),
            heard=signal.get("ear"),
            **{name: signal.get(name) for name in plain},
        )
