"""Events as they arrive: read, written once, or set aside."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, text

from escalation_client.events import Event, InvalidEvent, decode
from rules.decision import Examined
from services.identity import identity
from services.json_text import json_text
from services.stream import Entry

# Four times the largest event: enough to see whose it was and to mend it, and a flood of huge ones fills no disk.
KEPT_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Received:
    """A readable event and what the rules saw in it."""

    entry: Entry
    examined: Examined

    @property
    def event(self) -> Event:
        return self.examined.event

    @property
    def decision(self) -> str:
        return "escalate" if any(signal.fired for signal in self.examined.signals) else "continue"

    @property
    def evidence(self) -> str:
        return json_text([signal.as_evidence() for signal in self.examined.signals])


@dataclass(frozen=True, slots=True)
class Rejected:
    """An entry that cannot be used, and why."""

    entry: Entry
    reason: str
    event_id: UUID | None = None
    session_id: str | None = None

    @property
    def whole(self) -> bytes:
        """The event as it came; all the entry's fields when it has no field `event`."""
        if self.entry.raw is not None:
            return self.entry.raw
        return repr(self.entry.fields).encode()

    @property
    def payload(self) -> bytes:
        """As much of it as is kept."""
        return self.whole[:KEPT_BYTES]

    @property
    def told(self) -> str:
        """The reason as it is kept: text that PostgreSQL can hold, whatever an error said."""
        size = len(self.whole)
        kept = f" (of {size} bytes the first {KEPT_BYTES} bytes are kept)" if size > KEPT_BYTES else ""
        return self.reason.encode("utf-8", "backslashreplace").decode().replace("\0", "\\0") + kept

    @property
    def rejected_id(self) -> UUID:
        """The same for the same content."""
        size = len(self.whole)
        return identity("rejected", self.payload.hex(), *([size] if size > KEPT_BYTES else []))


def read_event(entry: Entry, now: datetime) -> Event | Rejected:
    """The entry's event, or why there is none."""
    if entry.raw is None:
        return Rejected(entry, "the stream entry has no field 'event': XADD escalation:events * event '{…}'")
    try:
        return decode(entry.raw, now=now)
    except InvalidEvent as error:
        return Rejected(entry, str(error), error.event_id, error.session_id)


LOCK_SESSIONS = text("""
    INSERT INTO escalation.sessions (session_id)
    SELECT unnest(CAST(:session_ids AS text[]))
    ON CONFLICT (session_id) DO UPDATE SET session_id = excluded.session_id WHERE false
""")


def lock_sessions(connection: Connection, session_ids: Iterable[str]) -> None:
    """Create the rows of these sessions and lock them all, in order, until the transaction ends.

    A row in conflict is locked although `WHERE false` leaves it as it is (PostgreSQL manual, INSERT): no dead rows.
    """
    connection.execute(LOCK_SESSIONS, {"session_ids": sorted(set(session_ids))})


INSERT_EVENTS = text("""
    INSERT INTO escalation.event_inbox
        (event_id, session_id, type, occurred_at, published_at, payload, decision, evidence, policy_version)
    SELECT event_id, session_id, type, occurred_at, published_at, payload, decision, evidence, :policy_version
    FROM unnest(
        CAST(:event_ids AS uuid[]), CAST(:session_ids AS text[]), CAST(:types AS text[]),
        CAST(:occurred AS timestamptz[]), CAST(:published AS timestamptz[]),
        CAST(:payloads AS jsonb[]), CAST(:decisions AS text[]), CAST(:evidence AS jsonb[])
    ) AS n (event_id, session_id, type, occurred_at, published_at, payload, decision, evidence)
    ORDER BY event_id
    ON CONFLICT (event_id) DO NOTHING
    RETURNING event_id
""")


def insert_events(connection: Connection, received: Sequence[Received], policy_version: str) -> set[UUID]:
    """Write the events that are not there yet and return their ids; only these go on."""
    rows = connection.execute(
        INSERT_EVENTS,
        {
            "event_ids": [str(one.event.id) for one in received],
            "session_ids": [one.event.session_id for one in received],
            "types": [one.event.type for one in received],
            "occurred": [one.event.occurred_at for one in received],
            "published": [one.entry.published_at for one in received],
            "payloads": [(one.entry.raw or b"").decode() for one in received],
            "decisions": [one.decision for one in received],
            "evidence": [one.evidence for one in received],
            "policy_version": policy_version,
        },
    )
    if rows.rowcount == len(received):
        # All of them are new, as nearly always: no need to read which.
        return {one.event.id for one in received}
    return set(rows.scalars())


DECIDED = text("""
    UPDATE escalation.event_inbox AS i
    SET decision = 'escalate', ticket_id = n.ticket_id, evidence = i.evidence || n.evidence
    FROM unnest(CAST(:event_ids AS uuid[]), CAST(:ticket_ids AS text[]), CAST(:evidence AS jsonb[]))
        AS n (event_id, ticket_id, evidence)
    WHERE i.event_id = n.event_id
""")


def record_tickets_of(connection: Connection, decided: Sequence[tuple[UUID, str, list[dict[str, object]]]]) -> None:
    """Note with each event that led to a ticket which one, and the evidence that only its session's state gave."""
    connection.execute(
        DECIDED,
        {
            "event_ids": [str(event_id) for event_id, _, _ in decided],
            "ticket_ids": [ticket_id for _, ticket_id, _ in decided],
            "evidence": [json_text(evidence) for _, _, evidence in decided],
        },
    )


LATELY = text("""
    SELECT count(*) FROM (
        SELECT FROM escalation.rejected_events WHERE rejected_at > clock_timestamp() - interval '1 hour' LIMIT :most
    ) AS lately
""")


def rejected_lately(connection: Connection, most: int) -> int:
    """How many were set aside in the last hour; `most` when there were more."""
    count: int = connection.execute(LATELY, {"most": most}).scalar_one()
    return count


SET_ASIDE = text("""
    INSERT INTO escalation.rejected_events (rejected_id, entry_id, event_id, session_id, reason, payload, times_seen)
    SELECT * FROM unnest(
        CAST(:ids AS uuid[]), CAST(:entry_ids AS text[]), CAST(:event_ids AS uuid[]),
        CAST(:session_ids AS text[]), CAST(:reasons AS text[]), CAST(:payloads AS bytea[]), CAST(:times AS bigint[]))
        AS n (rejected_id) ORDER BY n.rejected_id
    ON CONFLICT (rejected_id) DO UPDATE
    SET times_seen = rejected_events.times_seen + excluded.times_seen, entry_id = excluded.entry_id,
        reason = excluded.reason, replayed_at = NULL
    WHERE rejected_events.entry_id <> excluded.entry_id
    RETURNING rejected_id
""")


def set_aside(connection: Connection, rejected: Sequence[Rejected]) -> list[Rejected]:
    """Keep what cannot be used, whole, once for each content; return what was not there before."""
    ids = [one.rejected_id for one in rejected]
    by_id, times = dict(zip(ids, rejected, strict=True)), Counter(ids)
    written = connection.execute(
        SET_ASIDE,
        {
            "ids": [str(rejected_id) for rejected_id in by_id],
            "entry_ids": [one.entry.entry_id for one in by_id.values()],
            "event_ids": [str(one.event_id) if one.event_id else None for one in by_id.values()],
            "session_ids": [one.session_id for one in by_id.values()],
            "reasons": [one.told for one in by_id.values()],
            "payloads": [one.payload for one in by_id.values()],
            "times": [times[rejected_id] for rejected_id in by_id],
        },
    )
    return [by_id[rejected_id] for rejected_id in written.scalars()]
