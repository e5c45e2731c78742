"""The inbox: every event is written once, under its session's lock."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Connection

from services.database.prepared import prepared
from services.database.quick import run, write
from services.database.unnest import Jsonb, Unnest
from services.events.decoding import Received

_LOCK_SESSIONS = prepared("""
    INSERT INTO escalation.sessions (session_id)
    SELECT unnest(CAST(:session_ids AS text[]))
    ON CONFLICT (session_id) DO UPDATE SET session_id = excluded.session_id WHERE false
""")


def lock_sessions(connection: Connection, session_ids: Iterable[str]) -> None:
    """Create the rows of these sessions and lock them all, in order, until the transaction ends.

    A row in conflict is locked although `WHERE false` leaves it as it is (PostgreSQL manual, INSERT): no dead rows.
    """
    write(connection, _LOCK_SESSIONS, {"session_ids": sorted(set(session_ids))})


class _EventRow(NamedTuple):
    event_id: UUID
    session_id: str
    type: str
    occurred_at: datetime
    published_ms: float
    payload: Jsonb
    decision: str
    evidence: Jsonb


_EVENT_ROWS = Unnest(_EventRow)
_INSERT_EVENTS = prepared(f"""
    INSERT INTO escalation.event_inbox
        (event_id, session_id, type, occurred_at, published_at, payload, decision, evidence, policy_version)
    SELECT event_id, session_id, type, occurred_at, to_timestamp(published_ms / 1000), payload, decision, evidence,
           CAST(:policy_version AS text)
    FROM {_EVENT_ROWS.table} ORDER BY event_id
    ON CONFLICT (event_id) DO NOTHING
    RETURNING event_id
""")


def insert_events(connection: Connection, received: Sequence[Received], policy_version: str) -> Sequence[Received]:
    """Write the events that are not there yet and return them; only these go on."""
    events = [each.examined.event for each in received]
    # Column by column, which takes half the time of row by row.
    parameters = _EVENT_ROWS.of_columns(
        [event.id for event in events],
        [event.session_id for event in events],
        [event.type for event in events],
        [event.occurred_at for event in events],
        [each.entry.published_ms for each in received],
        [(each.entry.raw or b"").decode() for each in received],
        [each.decision for each in received],
        [each.evidence for each in received],
        policy_version=policy_version,
    )
    inserted = run(connection, _INSERT_EVENTS, parameters)
    if inserted.rowcount == len(received):
        # All of them are new, as nearly always: no need to read which.
        return received
    fresh = {event_id for (event_id,) in inserted}
    return [each for each in received if each.event.id in fresh]


class TicketOfEvent(NamedTuple):
    """An event that led to a ticket, and the evidence that only its session's state gave, as JSON."""

    event_id: UUID
    ticket_id: str
    evidence: Jsonb


_TICKETS_OF_EVENTS = Unnest(TicketOfEvent)
_RECORD_TICKETS = prepared(f"""
    UPDATE escalation.event_inbox AS i
    SET decision = 'escalate', ticket_id = n.ticket_id, evidence = i.evidence || n.evidence
    FROM {_TICKETS_OF_EVENTS.table}
    WHERE i.event_id = n.event_id
""")


def record_tickets(connection: Connection, tickets: Sequence[TicketOfEvent]) -> None:
    """Note with each event that led to a ticket which one it is."""
    write(connection, _RECORD_TICKETS, _TICKETS_OF_EVENTS.parameters(tickets))
