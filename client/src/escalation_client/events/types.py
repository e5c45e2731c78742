"""The events of a session: frozen dataclasses, built by keyword, that refuse what the worker would refuse."""

from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Final, NamedTuple, get_args, get_origin
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

from escalation_client.events import members as allowed
from escalation_client.events.errors import InvalidEvent, Unfit
from escalation_client.events.json_values import inspect_unknown
from escalation_client.events.times import in_utc
from escalation_client.events.unknown_session import (
    SESSION_UNKNOWN,
    UNKNOWN_USER,
    names_no_session,
    session_of_request,
)


def event_id(type: str, key: object) -> UUID:
    """The id of an event about a row: uuid5, in the URL namespace of RFC 9562, of "escalation:<type>:<key>"."""
    return uuid5(NAMESPACE_URL, f"escalation:{type}:{key}")


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseEvent:
    """What every event says. Raises `InvalidEvent` when a member cannot be.

    A `session_id` such as "null", "undefined" or "" is no session: the event gets one of its own (for one user and
    minute the same, see `user_id`, `requested_by` or `extra["user_id"]`) and the mark `extra["session_unknown"]`.
    """

    type: ClassVar[str]

    session_id: allowed.SessionId
    id: allowed.EventId = field(default_factory=uuid4)
    occurred_at: Annotated[datetime, in_utc] = field(default_factory=lambda: datetime.now(UTC))
    version: allowed.Version = 1
    extra: Annotated[Mapping[str, Any], allowed.mapping] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        unknown = names_no_session(self.session_id)
        for name, path, check, optional, _ in MEMBERS[type(self)]:
            value = getattr(self, name)
            if (value is None and optional) or (unknown and name == "session_id"):
                continue
            try:
                kept = check(value)
            except Unfit as unfit:
                raise InvalidEvent(path, value, str(unfit)) from None
            if kept is not value:
                object.__setattr__(self, name, kept)
        if unknown:
            _give_session(self)
        if self.extra:
            refuse_known(self)
            inspect_unknown("data.", self.extra, depth=2)

    @classmethod
    def deterministic_id(cls, *parts: object) -> UUID:
        """The same id for the same row, so that publishing again is harmless; parts are joined by colons."""
        return event_id(cls.type, ":".join(map(str, parts)))


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionStarted(BaseEvent):
    """A user began a session."""

    type: ClassVar[str] = "session.started"

    user_id: allowed.OpaqueId
    machine_id: allowed.OpaqueId | None = None
    language: allowed.Language | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageAdded(BaseEvent):
    """Somebody said something; `safety` is True when the assistant itself saw danger."""

    type: ClassVar[str] = "message.added"

    message_id: allowed.OpaqueId
    sender: allowed.Sender
    content: allowed.Text
    message_type: allowed.ShortText = "text"
    language: allowed.Language | None = None
    safety: allowed.Flag | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DiagnosisMade(BaseEvent):
    """The assistant said what it thinks is wrong; `estimated_duration` is in minutes."""

    type: ClassVar[str] = "diagnosis.made"

    problem_category: allowed.Text = "other"
    likely_causes: allowed.Texts = ()
    confidence_level: allowed.ConfidenceLevel
    confidence: allowed.Fraction | None = None
    safety_warnings: allowed.Texts = ()
    requires_expert: allowed.Flag = False
    recommended_steps: allowed.Texts = ()
    estimated_duration: allowed.Minutes | None = None
    safety: allowed.Flag | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRecorded(BaseEvent):
    """A troubleshooting step was given or answered; `success` is None while nobody has said."""

    type: ClassVar[str] = "step.recorded"

    step_number: allowed.StepNumber
    instruction: allowed.Text = ""
    user_feedback: allowed.Text | None = None
    completed: allowed.Flag = False
    success: allowed.Flag | None = None
    confidence: allowed.Fraction | None = None
    safety: allowed.Flag | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfidenceReported(BaseEvent):
    """How sure the assistant is, from 0 to 1."""

    type: ClassVar[str] = "confidence.reported"

    confidence: allowed.Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class EscalationRequested(BaseEvent):
    """Somebody asked for a human, as the "Escalate to Expert" dialogue does."""

    type: ClassVar[str] = "escalation.requested"

    reason: allowed.Reason = "user_request"
    priority: allowed.Priority | None = None
    notes: allowed.Text | None = None
    requested_by: allowed.OpaqueId | None = None
    callback_phone: allowed.OpaqueId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEnded(BaseEvent):
    """The session is over."""

    type: ClassVar[str] = "session.ended"

    status: allowed.EndStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class TextJudged(BaseEvent):
    """What the worker's second ear heard in a user's text; the worker publishes it itself, assistants need not.

    `text_event_id` is the id of the event that carried the text, `score` how likely it says so (0 to 1), `nearest`
    the known texts that it sounds like, `lists` what the word lists had heard: silent, weak, or doubtful. `answer` is
    "none" where the user was asked about it and has not answered in time.
    """

    type: ClassVar[str] = "text.judged"

    text_event_id: allowed.ShortText
    kind: allowed.HeardKind
    score: allowed.Fraction
    model: allowed.ShortText
    nearest: allowed.Objects = ()
    lists: allowed.ShortText = "silent"
    phrase: allowed.Text | None = None
    language: allowed.Language | None = None
    hurt: allowed.ShortText | None = None
    message_id: allowed.OpaqueId | None = None
    step: allowed.StepNumber | None = None
    answer: allowed.ShortText | None = None


Event = (
    SessionStarted
    | MessageAdded
    | DiagnosisMade
    | StepRecorded
    | ConfidenceReported
    | EscalationRequested
    | SessionEnded
    | TextJudged
)
READABLE_TYPES: Final[Mapping[str, type[Event]]] = MappingProxyType({kind.type: kind for kind in get_args(Event)})
# What an assistant publishes; the worker's own judgements are read like any other event.
EVENT_TYPES: Final[Mapping[str, type[Event]]] = MappingProxyType(
    {name: kind for name, kind in READABLE_TYPES.items() if kind is not TextJudged}
)
ENVELOPE: Final = frozenset(each.name for each in fields(BaseEvent))


class Member(NamedTuple):
    """A member of an event: its name here and in JSON, and what it may hold."""

    name: str
    path: str
    check: allowed.Check
    optional: bool
    required: bool


def member_of(member: Field[Any]) -> Member:
    annotation: Any = member.type
    optional = get_origin(annotation) is not Annotated
    check = (get_args(annotation)[0] if optional else annotation).__metadata__[0]
    path = member.name if member.name in ENVELOPE else f"data.{member.name}"
    return Member(member.name, path, check, optional, member.default is MISSING and member.default_factory is MISSING)


MEMBERS: Final[Mapping[type[BaseEvent], tuple[Member, ...]]] = MappingProxyType(
    {kind: tuple(map(member_of, fields(kind))) for kind in get_args(Event)}
)


def _give_session(event: BaseEvent) -> None:
    """Give an event whose session is unknown one of its own, and say so in it."""
    named = (getattr(event, "user_id", None), getattr(event, "requested_by", None), event.extra.get("user_id"))
    user = next((name for name in named if isinstance(name, str) and name not in ("", UNKNOWN_USER)), None)
    object.__setattr__(event, "session_id", session_of_request(user, event.occurred_at, event.id))
    object.__setattr__(event, "extra", {**event.extra, SESSION_UNKNOWN: True})


def refuse_known(event: BaseEvent) -> None:
    for member in MEMBERS[type(event)]:
        if member.name in event.extra and member.name not in ENVELOPE:
            raise InvalidEvent(f"extra.{member.name}", event.extra[member.name], f"it as the member {member.name}")
