"""A second decoder, for events as assistants write them: whatever it is not sure of it leaves to the first.

Of the same bytes it makes the same event as `escalation_client.events.decode`, in a fifth of the time, or none.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from operator import attrgetter
from typing import Annotated, Any, Final, Literal, NamedTuple
from uuid import UUID

from msgspec import Meta, MsgspecError, Struct, convert
from msgspec.json import Decoder

from escalation_client.events import (
    ConfidenceReported,
    DiagnosisMade,
    Event,
    MessageAdded,
    SessionStarted,
    StepRecorded,
)
from escalation_client.events.errors import Unfit
from escalation_client.events.languages import language_of
from escalation_client.events.members import LARGEST, RESERVED_IDS
from escalation_client.events.parsing import DOUBTFUL_ESCAPE
from escalation_client.events.times import parse_time
from escalation_client.events.types import MEMBERS
from escalation_client.events.unknown_session import names_no_session
from escalation_client.events.wire import EARLIEST_ARRIVAL

# Below this no number can have more decimals than PostgreSQL has room for, unless it is zero.
_LONGEST: Final = 16_000

_OpaqueId = Annotated[str, Meta(min_length=1, max_length=255)]
_ShortText = Annotated[str, Meta(min_length=1, max_length=64)]
# Of this length msgspec reads a UUID in the one form that the first decoder allows.
_UuidText = Annotated[str, Meta(min_length=36, max_length=36)]
_Fraction = Annotated[float, Meta(gt=0, le=1)]
_StepNumber = Annotated[int, Meta(ge=1, le=LARGEST)]
_Minutes = Annotated[int, Meta(ge=0, le=LARGEST)]


class _Data(Struct, forbid_unknown_fields=True):
    pass


class _SessionData(_Data):
    user_id: _OpaqueId
    machine_id: _OpaqueId | None = None
    language: str | None = None


class _MessageData(_Data):
    message_id: _OpaqueId
    sender: Literal["user", "assistant", "system"]
    content: str
    message_type: _ShortText = "text"
    language: str | None = None
    safety: bool | None = None


class _DiagnosisData(_Data):
    confidence_level: Literal["high", "medium", "low", "very_low"]
    problem_category: str = "other"
    likely_causes: tuple[str, ...] = ()
    confidence: _Fraction | None = None
    safety_warnings: tuple[str, ...] = ()
    requires_expert: bool = False
    recommended_steps: tuple[str, ...] = ()
    estimated_duration: _Minutes | None = None
    safety: bool | None = None


class _StepData(_Data):
    step_number: _StepNumber
    instruction: str = ""
    user_feedback: str | None = None
    completed: bool = False
    success: bool | None = None
    confidence: _Fraction | None = None
    safety: bool | None = None


class _ConfidenceData(_Data):
    confidence: _Fraction


class _Envelope(Struct, kw_only=True, forbid_unknown_fields=True, tag_field="type"):
    id: _UuidText
    session_id: _ShortText
    occurred_at: str
    version: Literal[1] = 1


class _Session(_Envelope, kw_only=True, tag=SessionStarted.type):
    data: _SessionData


class _Message(_Envelope, kw_only=True, tag=MessageAdded.type):
    data: _MessageData


class _Diagnosis(_Envelope, kw_only=True, tag=DiagnosisMade.type):
    data: _DiagnosisData


class _Step(_Envelope, kw_only=True, tag=StepRecorded.type):
    data: _StepData


class _Confidence(_Envelope, kw_only=True, tag=ConfidenceReported.type):
    data: _ConfidenceData


_Form = _Session | _Message | _Diagnosis | _Step | _Confidence
_DECODER: Final[Decoder[_Form]] = Decoder(_Form)


class _Maker(NamedTuple):
    """Fills an event past the checks of its class, which the form has made already."""

    kind: type[Event]
    members: Callable[[Any], tuple[Any, ...]]
    setters: tuple[Callable[[Any, Any], None], ...]
    speaks: bool

    def make(self, form: _Form, moment: datetime, identity: UUID) -> Event:
        event = object.__new__(self.kind)
        if self.speaks and form.data.language is not None:  # type: ignore[union-attr]
            form.data.language = language_of(form.data.language)  # type: ignore[union-attr]
        values = (form.session_id, identity, moment, 1, {}, *self.members(form.data))
        for store, value in zip(self.setters, values, strict=True):
            store(event, value)
        return event


_ENVELOPE: Final = ("session_id", "id", "occurred_at", "version", "extra")


def _maker(kind: type[Event], data: type[_Data]) -> _Maker:
    names = tuple(member.name for member in MEMBERS[kind] if member.name not in _ENVELOPE)
    # A single name would not give a tuple.
    members = attrgetter(*names) if len(names) > 1 else lambda given: (getattr(given, names[0]),)
    setters = tuple(getattr(kind, name).__set__ for name in (*_ENVELOPE, *names))
    assert set(names) == set(data.__struct_fields__), f"{data.__name__} must have the members of {kind.__name__}"
    return _Maker(kind, members, setters, "language" in names)


_MAKERS: Final[Mapping[type[Struct], _Maker]] = {
    _Session: _maker(SessionStarted, _SessionData),
    _Message: _maker(MessageAdded, _MessageData),
    _Diagnosis: _maker(DiagnosisMade, _DiagnosisData),
    _Step: _maker(StepRecorded, _StepData),
    _Confidence: _maker(ConfidenceReported, _ConfidenceData),
}


def decode_quickly(raw: bytes, now: datetime) -> Event | None:
    """The event; None for what only the first decoder can judge, be it an event or not."""
    if len(raw) > _LONGEST or DOUBTFUL_ESCAPE.search(raw):
        return None
    try:
        form = _DECODER.decode(raw)
        identity = convert(form.id, UUID)
        moment = parse_time(form.occurred_at)
        if identity.int in RESERVED_IDS or names_no_session(form.session_id) or now - moment < EARLIEST_ARRIVAL:
            return None
        return _MAKERS[type(form)].make(form, moment, identity)
    except (MsgspecError, Unfit, UnicodeError):
        return None
