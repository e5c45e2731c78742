"""Members that nobody here knows are kept, as long as JSON can say them and PostgreSQL can hold them."""

import math
from collections.abc import Mapping
from typing import Any, Final

from escalation_client.events.errors import InvalidEvent, Unfit, shorten

DEEPEST: Final = 32
# An integer beyond what a double holds reads as infinity elsewhere.
WIDEST_BITS: Final = 1024


def storable(value: str) -> str:
    """Text that UTF-8 can write and PostgreSQL can hold."""
    if "\0" in value:
        raise Unfit("text without NUL")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise Unfit("text without lone surrogates") from None
    return value


def inspect_unknown(prefix: str, unknown: Mapping[str, Any], depth: int) -> None:
    """Raise InvalidEvent, with the member's name, for a value that is not for JSON or PostgreSQL.

    `depth` is the level of nesting of the object that holds these members.
    """
    for name, value in unknown.items():
        try:
            inspect_name(name)
            inspect_json(value, depth + 1)
        except Unfit as unfit:
            member = prefix + (name if str(name).isidentifier() and len(name) <= 64 else shorten(name))
            raise InvalidEvent(member, value, str(unfit)) from None


def inspect_name(name: Any) -> None:
    if not isinstance(name, str):
        raise Unfit("objects whose member names are texts")
    storable(name)


def inspect_json(value: Any, depth: int) -> None:
    match value:
        case str():
            storable(value)
        case None | bool():
            return
        case int() | float():
            if not (math.isfinite(value) if isinstance(value, float) else value.bit_length() <= WIDEST_BITS):
                raise Unfit("finite numbers")
        case list() | tuple() | dict():
            inspect_items(value, depth)
        case _:
            raise Unfit("what JSON can say: objects, lists, texts, numbers, true, false, null")


def inspect_items(value: Any, depth: int) -> None:
    if depth > DEEPEST:
        raise Unfit(f"at most {DEEPEST} levels of nesting")
    if isinstance(value, dict):
        for name in value:
            inspect_name(name)
        value = value.values()
    for item in value:
        inspect_json(item, depth + 1)
