"""Entries of the stream as they are read: events with what the rules saw in them, or what has to be set aside."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from escalation_client.events import Event, InvalidEvent
from escalation_client.events.unknown_session import SESSION_UNKNOWN
from rules.decision import Examined
from services.database.encoding import derive_id, json_text
from services.events.lenient import ReadEvent, decode_leniently
from services.events.stream import StreamEntry

# Four times the largest event: enough to see whose it was and to repair it, and a flood of huge ones fills no disk.
KEPT_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Received:
    """A readable event, what the rules saw in it, and notes on members that did not fit."""

    entry: StreamEntry
    examined: Examined
    notes: Sequence[dict[str, Any]] = ()

    @property
    def event(self) -> Event:
        return self.examined.event

    @property
    def decision(self) -> str:
        return "escalate" if any(signal.fired for signal in self.examined.signals) else "continue"

    @property
    def evidence(self) -> str:
        notes = [*self.notes, *_note_unknown_session(self.event)]
        return json_text([*(signal.as_evidence() for signal in self.examined.signals), *notes])


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
        return decode_leniently(entry.raw, now)
    except InvalidEvent as error:
        return Rejected(entry, str(error), error.event_id, error.session_id)
