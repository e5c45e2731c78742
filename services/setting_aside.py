"""What cannot be used, kept whole until a person has mended it."""

from collections import Counter
from collections.abc import Sequence

from sqlalchemy import Connection, text

from services.received import Rejected

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
