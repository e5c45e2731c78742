"""What cannot be used, kept whole until a person has mended it."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from redis import Redis
from sqlalchemy import Connection, text

from services.events.decoding import Rejected
from services.events.stream import EVENTS

_LATELY = text("""
    SELECT count(*) FROM (
        SELECT FROM escalation.rejected_events WHERE rejected_at > clock_timestamp() - interval '1 hour' LIMIT :most
    ) AS lately
""")


def rejected_lately(connection: Connection, most: int) -> int:
    """How many were set aside in the last hour; `most` when there were more."""
    count: int = connection.execute(_LATELY, {"most": most}).scalar_one()
    return count


_SET_ASIDE = text("""
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
        _SET_ASIDE,
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


_LIST = text("""
    SELECT rejected_id, rejected_at, reason, event_id, session_id, times_seen, replayed_at,
           octet_length(payload) AS size
    FROM escalation.rejected_events
    WHERE CAST(:all AS boolean) OR replayed_at IS NULL
    ORDER BY rejected_at DESC, rejected_id LIMIT :limit
""")
_UNMENDED = text("""
    SELECT count(*) FROM escalation.rejected_events
    WHERE replayed_at IS NULL AND rejected_at > clock_timestamp() - make_interval(hours => :hours)
""")
_FIND = text("""
    SELECT rejected_id, entry_id, rejected_at, reason, event_id, session_id, times_seen, replayed_at, payload
    FROM escalation.rejected_events WHERE CAST(rejected_id AS text) LIKE :prefix || '%' LIMIT 2
""")
_MARK = text("""
    UPDATE escalation.rejected_events SET replayed_at = clock_timestamp()
    WHERE rejected_id = ANY(CAST(:ids AS uuid[])) RETURNING rejected_id
""")
_PAYLOADS = text("""
    SELECT rejected_id, payload FROM escalation.rejected_events
    WHERE replayed_at IS NULL AND rejected_at >= :since ORDER BY rejected_at, rejected_id LIMIT :limit
""")


class NotFound(Exception):
    """No rejected event, or more than one, begins with this id."""


def list_rejected(connection: Connection, limit: int, replayed_too: bool) -> Sequence[dict[str, Any]]:
    """The newest first, without their payloads."""
    return [dict(row) for row in connection.execute(_LIST, {"limit": limit, "all": replayed_too}).mappings()]


def unmended(connection: Connection, hours: int) -> int:
    """How many were set aside within so many hours and nobody has replayed."""
    return int(connection.execute(_UNMENDED, {"hours": hours}).scalar_one())


def find(connection: Connection, prefix: str) -> dict[str, Any]:
    """The one whose id begins so.

    :raises NotFound: there is none, or there are several
    """
    rows = connection.execute(_FIND, {"prefix": prefix.lower()}).mappings().all()
    if len(rows) != 1:
        raise NotFound(f"{'no' if not rows else 'more than one'} rejected event has an id that begins with {prefix!r}")
    return dict(rows[0])


def waiting(connection: Connection, since: datetime, limit: int) -> list[tuple[UUID, bytes]]:
    """Those that were not replayed yet, oldest first."""
    return [tuple(row) for row in connection.execute(_PAYLOADS, {"since": since, "limit": limit})]


def replay(connection: Connection, redis: Redis, payloads: Sequence[tuple[UUID, bytes]]) -> int:
    """Put events into the stream again; what is still wrong is set aside again, what is new counts once."""
    with redis.pipeline(transaction=False) as pipeline:
        for _, payload in payloads:
            pipeline.xadd(EVENTS, {"event": payload})
        pipeline.execute()
    ids = [str(rejected_id) for rejected_id, _ in payloads]
    return len(connection.execute(_MARK, {"ids": ids}).all())
