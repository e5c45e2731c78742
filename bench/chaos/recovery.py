"""How long it took until work went on after each fault, and until orphaned events were taken over."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Any

from sqlalchemy import Connection, text

from bench.chaos.faults import Fault
from bench.chaos.world import Orphaned
from services.events.stream import EventStream

TAKEN_OVER = "events of the killed taken over"
NEXT = {
    "events": text("SELECT min(received_at) FROM escalation.event_inbox WHERE received_at > :ended"),
    "mail": text("SELECT min(accepted_at) FROM escalation.mail_recipients WHERE accepted_at > :ended"),
}
STORED = text("SELECT max(received_at) FROM escalation.event_inbox WHERE event_id = ANY(CAST(:ids AS uuid[]))")


@dataclass(frozen=True, slots=True)
class Happened:
    """A fault with the moment of its end, and whether it met anybody."""

    fault: Fault
    ended: datetime
    struck: bool


@dataclass(frozen=True, slots=True)
class Recovery:
    """How often it happened, and the seconds until work went on: median and worst, none when nothing came after it."""

    name: str
    times: int
    median: float | None
    worst: float | None

    @property
    def line(self) -> str:
        if self.median is None or self.worst is None:
            return f"{self.name:34} {self.times:4} times"
        return f"{self.name:34} {self.times:4} times  median {self.median:5.1f} s  worst {self.worst:5.1f} s"


def recovery(name: str, times: int, seconds: Sequence[float]) -> Recovery:
    return Recovery(name, times, median(seconds) if seconds else None, max(seconds, default=None))


def recoveries(
    connection: Connection, streams: Sequence[EventStream], happened: Sequence[Happened], orphaned: Sequence[Orphaned]
) -> list[Recovery]:
    """One for each fault that happened, by name, and one for the events that killed processes had in hand."""
    counts = Counter(one.fault.name for one in happened)
    seconds: dict[str, list[float]] = {name: [] for name in counts}
    for one in happened:
        seconds[one.fault.name] += until_work_went_on(connection, one)
    taken = [*taken_over(connection, streams, orphaned)]
    named = [recovery(name, counts[name], seconds[name]) for name in sorted(counts, key=str.lower)]
    return [*named, recovery(TAKEN_OVER, len(taken), taken)]


def until_work_went_on(connection: Connection, one: Happened) -> list[float]:
    """From the end of the fault to the next event stored, or to the next mail accepted."""
    back = connection.execute(NEXT[one.fault.hits], {"ended": one.ended}).scalar_one()
    return [] if back is None else [(back - one.ended).total_seconds()]


def taken_over(connection: Connection, streams: Sequence[EventStream], orphaned: Sequence[Orphaned]) -> Iterator[float]:
    """From each kill to the moment when the last event that the killed process had in hand was stored."""
    by_name = {stream.name: stream for stream in streams}
    for one in orphaned:
        ids = [event_id for name, entry_id in one.entries if (event_id := event_of(by_name[name], entry_id))]
        stored = connection.execute(STORED, {"ids": ids}).scalar_one()
        # What was stored before the kill and not acknowledged needs nobody.
        if stored and stored > one.at:
            yield (stored - one.at).total_seconds()


def event_of(stream: EventStream, entry_id: str) -> str | None:
    """The id of the event in a stream entry, if it is a readable one."""
    entries: Any = stream.redis.xrange(stream.name, entry_id, entry_id)
    with suppress(ValueError, KeyError):
        return str(json.loads(entries[0][1][b"event"])["id"])
    return None
