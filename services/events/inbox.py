"""The inbox: every event is written once, under its session's lock."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import Connection, text

from services.database.encoding import json_text
from services.events.decoding import Received

_LOCK_SESSIONS = text("""
    INSERT INTO escalation.sessions (session_id)
    SELECT unnest(CAST(:session_ids AS text[]))
    ON CONFLICT (session_id) DO UPDATE SET session_id = excluded.session_id WHERE false
""")


def lock_sessions(connection: Connection, session_ids: Iterable[str]) -> None:
    """Create the rows of these sessions and lock them all, in order, until the transaction ends.

    A row in conflict is locked although `WHERE false` leaves it as it is (PostgreSQL manual, INSERT): no dead rows.
    """
    connection.execute(_LOCK_SESSIONS, {"session_ids": sorted(set(session_ids))})


_INSERT_EVENTS = text("""
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
        _INSERT_EVENTS,
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


_DECIDED = text("""
    UPDATE escalation.event_inbox AS i
    SET decision = 'escalate', ticket_id = n.ticket_id, evidence = i.evidence || n.evidence
    FROM unnest(CAST(:event_ids AS uuid[]), CAST(:ticket_ids AS text[]), CAST(:evidence AS jsonb[]))
        AS n (event_id, ticket_id, evidence)
    WHERE i.event_id = n.event_id
""")


def record_tickets_of(connection: Connection, decided: Sequence[tuple[UUID, str, list[dict[str, object]]]]) -> None:
    """Note with each event that led to a ticket which one, and the evidence that only its session's state gave."""
    connection.execute(
        _DECIDED,
        {
            "event_ids": [str(event_id) for event_id, _, _ in decided],
            "ticket_ids": [ticket_id for _, ticket_id, _ in decided],
            "evidence": [json_text(evidence) for _, _, evidence in decided],
        },
    )
