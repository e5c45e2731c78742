"""What each kind of member may hold. A check returns the value to keep, or raises `Unfit` with what would be right."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final
from uuid import UUID

from escalation_client.events.errors import Unfit
from escalation_client.events.json_values import inspect_json, storable
from escalation_client.events.languages import language_of

Check = Callable[[Any], Any]

LARGEST: Final = 2**31 - 1
RESERVED_IDS: Final = frozenset({0, 2**128 - 1})


def text(shortest: int = 0, longest: int | None = None) -> Check:
    """Text that PostgreSQL and UTF-8 can hold, counted in characters."""
    words = "text" if longest is None else f"text of {shortest} to {longest} characters"

    def check(value: Any) -> str:
        if not isinstance(value, str) or len(value) < shortest or (longest is not None and len(value) > longest):
            raise Unfit(words)
        return storable(value)

    return check


def choice(*allowed: str) -> Check:
    """One of some words; case and the spaces between words do not matter."""
    words = "one of " + ", ".join(allowed)

    def check(value: Any) -> str:
        if isinstance(value, str):
            if value in allowed:
                return value
            folded = "_".join(value.lower().split())
            if folded in allowed:
                return folded
        raise Unfit(words)

    return check


def whole(least: int) -> Check:
    """A whole number from `least` to the largest 32-bit integer; 3.0 is whole, a bool is not a number."""
    words = f"a whole number from {least} to {LARGEST}"

    def check(value: Any) -> int:
        if type(value) is float and value.is_integer():
            value = int(value)
        if type(value) is not int or not least <= value <= LARGEST:
            raise Unfit(words)
        return value

    return check


def fraction(value: Any) -> float:
    if type(value) not in (float, int) or not 0 <= value <= 1:
        raise Unfit("a number from 0 to 1")
    return float(value)


def flag(value: Any) -> bool:
    if value is True or value is False:
        return value
    raise Unfit("true or false")


def texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise Unfit("a list of texts")
    return tuple(map(storable, value))


def language(value: Any) -> str:
    if not isinstance(value, str):
        raise Unfit('a language tag such as "el" or "en-GB"')
    return language_of(value)


def identity(value: Any) -> UUID:
    if not isinstance(value, UUID) or value.int in RESERVED_IDS:
        raise Unfit("a UUID of this event's own, not the nil or the max UUID")
    return value


def version_one(value: Any) -> int:
    if value is True or value != 1:
        raise Unfit("1")
    return 1


def mapping(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict | Mapping):
        raise Unfit("a mapping of names to JSON values")
    return dict(value)


def objects(value: Any) -> tuple[Mapping[str, Any], ...]:
    """A few objects of JSON values."""
    if not isinstance(value, list | tuple) or not all(isinstance(item, Mapping) for item in value):
        raise Unfit("a list of objects")
    inspect_json(list(value), depth=2)
    return tuple(value)


SessionId = Annotated[str, text(1, 64)]
OpaqueId = Annotated[str, text(1, 255)]
Text = Annotated[str, text()]
ShortText = Annotated[str, text(1, 64)]
Texts = Annotated[tuple[str, ...], texts]
Objects = Annotated[tuple[Mapping[str, Any], ...], objects]
Language = Annotated[str, language]
Flag = Annotated[bool, flag]
Fraction = Annotated[float, fraction]
StepNumber = Annotated[int, whole(1)]
Minutes = Annotated[int, whole(0)]
EventId = Annotated[UUID, identity]
Version = Annotated[int, version_one]
Sender = Annotated[str, choice("user", "assistant", "system")]
ConfidenceLevel = Annotated[str, choice("high", "medium", "low", "very_low")]
HeardKind = Annotated[str, choice("handoff", "danger")]
EndStatus = Annotated[str, choice("completed", "abandoned", "escalated")]
Priority = Annotated[str, choice("low", "medium", "high", "urgent")]
Reason = Annotated[
    str,
    choice("safety_concern", "user_request", "expert_required", "complex_issue", "low_confidence", "steps_exceeded"),
]
