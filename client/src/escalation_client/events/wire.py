"""Events as JSON (RFC 8259): one object, the same from every language."""

import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from escalation_client.events.errors import InvalidEvent, Unfit
from escalation_client.events.json_values import inspect_unknown
from escalation_client.events.members import text
from escalation_client.events.parsing import LARGEST_BYTES, parse_object
from escalation_client.events.times import format_time, parse_time
from escalation_client.events.types import ENVELOPE, EVENT_TYPES, MEMBERS, READABLE_TYPES, BaseEvent, Event, Member
from escalation_client.events.unknown_session import names_no_session

EARLIEST_ARRIVAL: Final = timedelta(days=-1)
TOP_LEVEL: Final = ENVELOPE - {"extra"} | {"type", "data"}
VERSION_ONE: Final = re.compile(r"1(\.\d+)*", re.ASCII)
SESSION_ID: Final = text(1, 64)
UUID_TEXT: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)


def document_of(event: Event) -> dict[str, Any]:
    """The event as an object that JSON can say; members that are None are left out.

    Raises `InvalidEvent` for what is no event, such as a dict.
    """
    if type(event) not in MEMBERS:
        raise InvalidEvent("event", type(event), "an event, such as MessageAdded(…)")
    known = {each.name: getattr(event, each.name) for each in MEMBERS[type(event)] if each.name not in ENVELOPE}
    return {
        "id": str(event.id),
        "type": event.type,
        "session_id": event.session_id,
        "occurred_at": format_time(event.occurred_at),
        "version": event.version,
        "data": {name: value for name, value in known.items() if value is not None} | dict(event.extra),
    }


def encode(event: Event) -> str:
    """One JSON object. Raises `InvalidEvent` when it is more than 256 KB of UTF-8."""
    encoded = json.dumps(document_of(event), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    size = len(encoded.encode())
    if size > LARGEST_BYTES:
        raise InvalidEvent("event", encoded, f"at most {LARGEST_BYTES} bytes, and these are {size}")
    return encoded


def decode(raw: bytes | str, *, now: datetime | None = None) -> Event:
    """The event that some JSON says. Raises `InvalidEvent` with the first member that is wrong.

    With `now`, an event that says it occurred more than a day later is refused.
    """
    document = parse(raw)
    try:
        event = event_of(document)
        if now is not None and now - event.occurred_at < EARLIEST_ARRIVAL:
            raise InvalidEvent("occurred_at", document["occurred_at"], "a time at most a day from now")
    except InvalidEvent as error:
        error.event_id = uuid_of(document.get("id"))
        error.session_id = session_of(document)
        raise
    return event


def parse(raw: bytes | str) -> dict[str, Any]:
    try:
        return parse_object(raw)
    except Unfit as unfit:
        raise InvalidEvent("event", raw, str(unfit)) from None


class Shape(NamedTuple):
    """The names in `data` that a type of event knows, and those of them that must be there."""

    known: frozenset[str]
    required: tuple[str, ...]


def shape_of(members: tuple[Member, ...]) -> Shape:
    names = [each for each in members if each.name not in ENVELOPE]
    return Shape(frozenset(each.name for each in names), tuple(each.name for each in names if each.required))


SHAPES: Final[Mapping[type[BaseEvent], Shape]] = {kind: shape_of(members) for kind, members in MEMBERS.items()}


def event_of(document: dict[str, Any]) -> Event:
    """Build the event that a parsed object says; what is absent and required is found by the event itself."""
    version_checked(document.get("version"))
    kind = kind_of(document.get("type"))
    if not document.keys() <= TOP_LEVEL:
        inspect_unknown("", {name: document[name] for name in document.keys() - TOP_LEVEL}, depth=1)
    return kind(
        session_id=document.get("session_id", ""),
        id=identity_of(document.get("id")),
        occurred_at=time_of(document.get("occurred_at")),
        **given_in(data_of(document), SHAPES[kind]),
    )


def given_in(data: Mapping[str, Any], shape: Shape) -> dict[str, Any]:
    """What the data says of each member; null is as good as absent."""
    given = {name: value for name, value in data.items() if value is not None and name in shape.known}
    for name in shape.required:
        given.setdefault(name)
    if not data.keys() <= shape.known:
        given["extra"] = {name: value for name, value in data.items() if name not in shape.known}
    return given


def version_checked(version: Any) -> None:
    if type(version) is int and version == 1:
        return
    if version is None or (type(version) in (float, str) and VERSION_ONE.fullmatch(str(version))):
        return
    raise InvalidEvent("version", version, "version 1 or a minor version of it")


def kind_of(name: Any) -> type[Event]:
    kind = READABLE_TYPES.get(name) if isinstance(name, str) else None
    if kind is None:
        raise InvalidEvent("type", name, "one of " + ", ".join(EVENT_TYPES))
    return kind


def data_of(document: Mapping[str, Any]) -> Mapping[str, Any]:
    data = document.get("data")
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise InvalidEvent("data", data, "an object")
    return data


def identity_of(value: Any) -> UUID:
    identity = uuid_of(value)
    if identity is None:
        raise InvalidEvent("id", value, "a UUID such as 2f1c9a52-0d6e-4b53-9d0f-6f1f6b1f7a10")
    return identity


def uuid_of(value: Any) -> UUID | None:
    return UUID(value) if isinstance(value, str) and UUID_TEXT.fullmatch(value) else None


def session_of(document: Mapping[str, Any]) -> str | None:
    if names_no_session(document.get("session_id")):
        return None
    try:
        session_id: str = SESSION_ID(document.get("session_id"))
    except Unfit:
        return None
    return session_id


def time_of(value: Any) -> datetime:
    try:
        return parse_time(value if isinstance(value, str) else "")
    except Unfit as unfit:
        raise InvalidEvent("occurred_at", value, str(unfit)) from None
