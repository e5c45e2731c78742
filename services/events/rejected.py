"""Events that cannot be used, kept whole until a person has repaired or dismissed them."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from redis import Redis
from sqlalchemy import Connection, text

from services.database.unnest import Unnest
from services.events.decoding import Rejected
from services.events.stream import EVENTS

_COUNT_RECENT = text("""
    SELECT count(*) FROM (
        SELECT FROM escalation.rejected_events WHERE rejected_at > clock_timestamp() - interval '1 hour' LIMIT :most
    ) AS recent
""")


def count_recent(connection: Connection, most: int) -> int:
    """How many were set aside in the last hour; `most` when there were more."""
    count: int = connection.execute(_COUNT_RECENT, {"most": most}).scalar_one()
    return count


class _RejectedRow(NamedTuple):
    rejected_id: UUID
    entry_id: str
    event_id: UUID | None
    session_id: str | None
    reason: str
    payload: bytes
    times_seen: int


_REJECTED_ROWS = Unnest(_RejectedRow)
_SET_ASIDE = text(f"""
    INSERT INTO escalation.rejected_events ({_REJECTED_ROWS.columns})
    SELECT {_REJECTED_ROWS.columns} FROM {_REJECTED_ROWS.table} ORDER BY rejected_id
    ON CONFLICT (rejected_id) DO UPDATE
    SET times_seen = rejected_events.times_seen + excluded.times_seen, entry_id = excluded.entry_id,
        reason = excluded.reason, replayed_at = NULL
    WHERE rejected_events.entry_id <> excluded.entry_id
    RETURNING rejected_id
""")


def set_aside(connection: Connection, rejected: Sequence[Rejected]) -> list[Rejected]:
    """Keep what cannot be used, whole, once for each content; return what was not there before."""
    ids = [entry.rejected_id for entry in rejected]
    by_id, times = dict(zip(ids, rejected, strict=True)), Counter(ids)
    rows = [
        _RejectedRow(
            rejected_id=rejected_id,
            entry_id=entry.entry.entry_id,
            event_id=entry.event_id,
            session_id=entry.session_id,
            reason=entry.stored_reason,
            payload=entry.payload,
            times_seen=times[rejected_id],
        )
        for rejected_id, entry in by_id.items()
    ]
    written = connection.execute(_SET_ASIDE, _REJECTED_ROWS.parameters(rows))
    return [by_id[rejected_id] for rejected_id in written.scalars()]


_LIST = text("""
    SELECT rejected_id, rejected_at, reason, event_id, session_id, times_seen, replayed_at,
           octet_length(payload) AS size
    FROM escalation.rejected_events
    WHERE CAST(:all AS boolean) OR replayed_at IS NULL
    ORDER BY rejected_at DESC, rejected_id LIMIT :limit
""")
_WAITING = text("""
    SELECT count(*) FROM escalation.rejected_events
    WHERE replayed_at IS NULL AND rejected_at > clock_timestamp() - make_interval(hours => :hours)
""")
_FIND = text("""
    SELECT rejected_id, entry_id, rejected_at, reason, event_id, session_id, times_seen, replayed_at, payload
    FROM escalation.rejected_events WHERE starts_with(CAST(rejected_id AS text), :prefix) LIMIT 2
""")
_MARK = text("""
    UPDATE escalation.rejected_events SET replayed_at = clock_timestamp()
    WHERE rejected_id = ANY(CAST(:ids AS uuid[])) RETURNING rejected_id
""")
_DISMISS = text("""
    UPDATE escalation.rejected_events
    SET replayed_at = clock_timestamp(),
        reason = reason || ' [dismissed by ' || CAST(:who AS text) || ': ' || CAST(:why AS text) || ']'
    WHERE rejected_id = :rejected_id AND replayed_at IS NULL
""")
_PAYLOADS = text("""
    SELECT rejected_id, payload FROM escalation.rejected_events
    WHERE replayed_at IS NULL AND rejected_at >= :since ORDER BY rejected_at, rejected_id LIMIT :limit
""")


class RejectedEventNotFound(Exception):
    """No rejected event, or more than one, begins with this id."""


def list_rejected(connection: Connection, limit: int, replayed_too: bool) -> Sequence[dict[str, Any]]:
    """The newest first, without their payloads."""
    return [dict(row) for row in connection.execute(_LIST, {"limit": limit, "all": replayed_too}).mappings()]


def count_waiting(connection: Connection, hours: int) -> int:
    """How many were set aside within so many hours and nobody has replayed."""
    return int(connection.execute(_WAITING, {"hours": hours}).scalar_one())


def find_rejected(connection: Connection, prefix: str) -> dict[str, Any]:
    """The one whose id begins so.

    :raises RejectedEventNotFound: there is none, or there are several
    """
    rows = connection.execute(_FIND, {"prefix": prefix.lower()}).mappings().all()
    if len(rows) != 1:
        raise RejectedEventNotFound(
            f"{'no' if not rows else 'more than one'} rejected event has an id that begins with {prefix!r}"
        )
    return dict(rows[0])


def list_waiting(connection: Connection, since: datetime, limit: int) -> list[tuple[UUID, bytes]]:
    """Those that were not replayed yet, oldest first."""
    return [tuple(row) for row in connection.execute(_PAYLOADS, {"since": since, "limit": limit})]


def dismiss(connection: Connection, rejected_id: UUID, who: str, why: str) -> bool:
    """Settle an event that nobody will replay, keeping it with the reason; whether it was still unsettled."""
    given = {"rejected_id": str(rejected_id), "who": who, "why": why}
    return bool(connection.execute(_DISMISS, given).rowcount)


def replay(connection: Connection, redis: Redis, payloads: Sequence[tuple[UUID, bytes]]) -> int:
    """Put events into the stream again; what is still wrong is set aside again, what is new counts once."""
    with redis.pipeline(transaction=False) as pipeline:
        for _, payload in payloads:
            pipeline.xadd(EVENTS, {"event": payload})
        pipeline.execute()
    ids = [str(rejected_id) for rejected_id, _ in payloads]
    return len(connection.execute(_MARK, {"ids": ids}).all())
