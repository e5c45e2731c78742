"""Events from members as others write them: what does not fit is made to fit or left out, and never costs the event."""

import json
import math
from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from typing import Any, Final, TypeVar
from uuid import UUID

from escalation_client.events import members as allowed
from escalation_client.events.errors import Unfit
from escalation_client.events.json_values import inspect_json
from escalation_client.events.types import MEMBERS, BaseEvent, Member

EventType = TypeVar("EventType", bound=BaseEvent)

UNFIT: Final = "unfit"
_TRUE: Final = frozenset({"true", "yes", "1"})
_FALSE: Final = frozenset({"false", "no", "0"})
_LONGEST: Final = 2_000
_SHOWN: Final = 200
# What an object in a list of texts may call its text, best first.
_TEXT_NAMES: Final = ("text", "description", "name", "title", "cause", "step", "warning", "instruction", "message")


def build_leniently(kind: type[EventType], **members: Any) -> EventType:
    """An event of some members, of which the optional ones may have any shape.

    A member is converted where its meaning is clear (22.5 minutes are 23, "true" is true, an object in a list of texts
    becomes its text). Any other is left out, and its raw value stands in `extra["unfit"]` under the member's name.
    Raises `InvalidEvent` when a required member does not fit.
    """
    given: dict[str, Any] = {}
    unfit: dict[str, Any] = {}
    for member in MEMBERS[kind]:
        value = _plain(members.pop(member.name, None))
        if value is None and not member.required:
            continue
        fitting = convert_member(member, value)
        try:
            given[member.name] = fitting if member.required else member.check(fitting)
        except Unfit:
            unfit[member.name] = _storable(value)
    if members:
        raise TypeError(f"{kind.__name__} has no member {', '.join(members)}")
    if unfit:
        extra = given.get("extra", {})
        given["extra"] = {**extra, UNFIT: {**extra.get(UNFIT, {}), **unfit}}
    return kind(**given)


def convert_member(member: Member, value: Any) -> Any:
    """What a value means for a member, where that is clear, else the value; it may still not fit."""
    convert = _COERCIONS.get(member.check)
    return convert(value) if convert else value


def _plain(value: Any) -> Any:
    """The value of an enum's member; anything else as it is."""
    return value.value if isinstance(value, Enum) else value


def _text(value: Any) -> Any:
    if isinstance(value, UUID) or (isinstance(value, int | float) and not isinstance(value, bool)):
        return str(value)
    if isinstance(value, dict | list | tuple):
        return json.dumps(value, ensure_ascii=False, default=str)
    return value


def _filled(value: Any) -> Any:
    """Text where an empty one says nothing."""
    text = _text(value)
    return text.strip() if isinstance(text, str) else text


def _texts(value: Any) -> Any:
    if isinstance(value, str):
        return [value] if value.strip() else []
    if isinstance(value, Mapping):
        value = [value]
    if not isinstance(value, list | tuple):
        return value
    return [text for text in map(_item, value) if isinstance(text, str) and text.strip()]


def _item(value: Any) -> Any:
    if isinstance(value, Mapping):
        named = {str(name).lower(): text for name, text in value.items() if isinstance(text, str)}
        return next(_named_texts(named), None) or _text(dict(value))
    return _text(value)


def _named_texts(named: Mapping[str, str]) -> Iterator[str]:
    for name in _TEXT_NAMES:
        if named.get(name, "").strip():
            yield named[name]


def _number(value: Any) -> Any:
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return value
    return value


def _whole(value: Any) -> Any:
    number = _number(value)
    if isinstance(number, float) and math.isfinite(number):
        # Half a minute more is nearer to the truth than half a minute less.
        return math.ceil(number)
    return number


def _flag(value: Any) -> Any:
    if isinstance(value, str) and value.strip().lower() in _TRUE | _FALSE:
        return value.strip().lower() in _TRUE
    if type(value) is int and value in (0, 1):
        return bool(value)
    return value


def _word(value: Any) -> Any:
    return value.replace("-", " ").replace("_", " ") if isinstance(value, str) else value


def _mark(annotation: Any) -> Callable[[Any], Any]:
    check: Callable[[Any], Any] = annotation.__metadata__[0]
    return check


_COERCIONS: Final[Mapping[Callable[[Any], Any], Callable[[Any], Any]]] = {
    _mark(allowed.SessionId): _text,
    _mark(allowed.OpaqueId): _filled,
    _mark(allowed.Text): _text,
    _mark(allowed.ShortText): _filled,
    _mark(allowed.Texts): _texts,
    _mark(allowed.Language): _filled,
    _mark(allowed.Flag): _flag,
    _mark(allowed.Fraction): _number,
    _mark(allowed.StepNumber): _whole,
    _mark(allowed.Minutes): _whole,
    _mark(allowed.Sender): _word,
    _mark(allowed.ConfidenceLevel): _word,
    _mark(allowed.EndStatus): _word,
    _mark(allowed.Priority): _word,
    _mark(allowed.Reason): _word,
}


def _storable(value: Any) -> Any:
    """The raw value, or the beginning of its printed form where JSON or PostgreSQL cannot hold it, or it is long."""
    shown = ascii(value)
    try:
        inspect_json(value, depth=4)
    except Unfit:
        return shown[:_SHOWN]
    return value if len(shown) <= _LONGEST else shown[:_SHOWN]
