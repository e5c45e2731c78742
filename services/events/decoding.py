"""Entries of the stream as they are read: events with what the rules saw in them, or what has to be set aside.

An optional member that does not fit is converted where its meaning is clear, else left out. What a value means is the
client's to say (`convert_member`), which builds events from Python's values by the same rules; here it is JSON that
anybody may have published, and the worker's own words for those of others. The event goes on, and what the member held
is kept with its evidence.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from escalation_client.events import EVENT_TYPES, Event, InvalidEvent, decode
from escalation_client.events.errors import Unfit, shorten
from escalation_client.events.json_values import inspect_json, inspect_unknown
from escalation_client.events.lenient import convert_member
from escalation_client.events.types import ENVELOPE, MEMBERS, Member
from escalation_client.events.unknown_session import SESSION_UNKNOWN
from escalation_client.events.wire import TOP_LEVEL, parse
from rules.decision import Examined
from rules.foreign_words import convert_word
from services.database.encoding import derive_id, json_text
from services.events.quick_decode import decode_quickly
from services.events.stream import StreamEntry

_LONGEST_KEPT: Final = 2_000
# Four times the largest event: enough to see whose it was and to repair it, and a flood of huge ones fills no disk.
KEPT_BYTES = 1024 * 1024


class ReadEvent(NamedTuple):
    """An event, the JSON that says it, and a note (evidence) for each member that did not fit."""

    event: Event
    raw: bytes
    notes: Sequence[dict[str, Any]] = ()


def _decode_leniently(raw: bytes, now: datetime) -> ReadEvent:
    """The event that some JSON says.

    :raises InvalidEvent: a member is wrong that the rules cannot do without
    """
    if (event := decode_quickly(raw, now)) is not None:
        return ReadEvent(event, raw)
    try:
        return ReadEvent(decode(raw, now=now), raw)
    except InvalidEvent:
        document = parse(raw)
        notes = list(_repair(document))
        if not notes:
            raise
        repaired = json_text(document).encode()
        return ReadEvent(decode(repaired, now=now), repaired, notes)


def _repair(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Make the members of a parsed event fit, and yield a note for each that did not."""
    name, data = document.get("type"), document.get("data")
    kind = EVENT_TYPES.get(name) if isinstance(name, str) else None
    if kind is None or not isinstance(data, dict):
        return
    members = {member.name: member for member in MEMBERS[kind] if member.name not in ENVELOPE}
    yield from _drop_unknown("", document, frozenset(TOP_LEVEL), depth=1)
    yield from _drop_unknown("data.", data, frozenset(members), depth=2)
    for name, member in members.items():
        value = data.get(name)
        if value is None or _fits(member, value):
            continue
        kept = next((other for other in _convert(member, value) if _fits(member, other)), None)
        if kept is not None:
            data[name] = kept
        elif not member.required:
            del data[name]
        else:
            return
        yield _note(member.path, value, kept)


def _drop_unknown(prefix: str, given: dict[str, Any], known: frozenset[str], depth: int) -> Iterator[dict[str, Any]]:
    for name in given.keys() - known:
        try:
            inspect_unknown(prefix, {name: given[name]}, depth)
        except InvalidEvent as error:
            yield _note(error.member, given.pop(name), None)


def _fits(member: Member, value: Any) -> bool:
    try:
        member.check(value)
    except Unfit:
        return False
    return True


def _convert(member: Member, value: Any) -> Iterator[Any]:
    """What a value may have been meant to be; the first that fits is taken."""
    if isinstance(value, str):
        yield convert_word(member.name, value)
    yield convert_member(member, value)


def _note(member: str, value: Any, kept: Any) -> dict[str, Any]:
    try:
        inspect_json(value, depth=4)
        shown = value if len(json_text(value)) <= _LONGEST_KEPT else shorten(value)
    except Unfit:
        shown = shorten(value)
    return {"rule": "unfit_member", "fired": False, "member": member, "value": shown, "kept": kept}


class Received(NamedTuple):
    """A readable event, what the rules saw in it, and notes on members that did not fit."""

    entry: StreamEntry
    examined: Examined
    notes: Sequence[dict[str, Any]] = ()

    @property
    def event(self) -> Event:
        return self.examined.event

    @property
    def decision(self) -> str:
        return "escalate" if any([signal.fired for signal in self.examined.signals]) else "continue"

    @property
    def evidence(self) -> str:
        event, signals = self.examined
        seen = [signal.as_evidence() for signal in signals]
        return json_text([*seen, *self.notes, *_note_unknown_session(event)])


@dataclass(frozen=True, slots=True)
class Rejected:
    """An entry that cannot be used, and why."""

    entry: StreamEntry
    reason: str
    event_id: UUID | None = None
    session_id: str | None = None

    @property
    def content(self) -> bytes:
        """The event as it came; all the entry's fields when it has no field `event`."""
        if self.entry.raw is not None:
            return self.entry.raw
        return repr(self.entry.fields).encode()

    @property
    def payload(self) -> bytes:
        """As much of it as is kept."""
        return self.content[:KEPT_BYTES]

    @property
    def stored_reason(self) -> str:
        """The reason as it is kept: text that PostgreSQL can hold, whatever an error said."""
        size = len(self.content)
        kept = f" (of {size} bytes the first {KEPT_BYTES} bytes are kept)" if size > KEPT_BYTES else ""
        return self.reason.encode("utf-8", "backslashreplace").decode().replace("\0", "\\0") + kept

    @property
    def rejected_id(self) -> UUID:
        """Derived from the content, so that the same content is kept once."""
        size = len(self.content)
        return derive_id("rejected", self.payload.hex(), *([size] if size > KEPT_BYTES else []))


def _note_unknown_session(event: Event) -> list[dict[str, Any]]:
    """A note, as evidence, that the assistant named no session, such as "null", and the event has one of its own."""
    return [{"rule": SESSION_UNKNOWN, "fired": False}] if SESSION_UNKNOWN in event.extra else []


def read_event(entry: StreamEntry, now: datetime) -> ReadEvent | Rejected:
    """The entry's event, or why there is none."""
    if entry.raw is None:
        return Rejected(entry, "the stream entry has no field 'event': XADD escalation:events * event '{…}'")
    try:
        return _decode_leniently(entry.raw, now)
    except InvalidEvent as error:
        return Rejected(entry, str(error), error.event_id, error.session_id)
