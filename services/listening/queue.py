"""Texts that wait for the second ear: a row each, written with the event and deleted once it is judged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, TextClause, text

from services.database.prepared import prepared
from services.database.quick import write

_QUEUE = prepared("""
    INSERT INTO escalation.texts_to_judge (event_id, doubtful)
    SELECT * FROM unnest(CAST(:event_ids AS uuid[]), CAST(:doubtful AS boolean[]))
""")
# The rows stay locked until the caller's transaction ends, so that two listeners never judge the same text.
_CLAIM = """
    WITH claimed AS (
        SELECT event_id, doubtful, queued_at FROM escalation.texts_to_judge
        WHERE {which}
        ORDER BY doubtful DESC, queued_at LIMIT :limit FOR UPDATE SKIP LOCKED
    )
    SELECT c.event_id, i.payload, s.language
    FROM claimed AS c
    LEFT JOIN escalation.event_inbox AS i ON i.event_id = c.event_id
    LEFT JOIN escalation.sessions AS s ON s.session_id = i.session_id
    ORDER BY c.doubtful DESC, c.queued_at
"""
_CLAIM_ANY = text(_CLAIM.format(which="true"))
_CLAIM_CHOSEN = text(_CLAIM.format(which="event_id = ANY(CAST(:event_ids AS uuid[]))"))
_OVERDUE = "doubtful AND queued_at <= clock_timestamp() - make_interval(secs => :older_than)"
_CLAIM_OVERDUE = text(_CLAIM.format(which=_OVERDUE))
_DONE = text("DELETE FROM escalation.texts_to_judge WHERE event_id = ANY(CAST(:event_ids AS uuid[]))")
_DECIDED = text("""
    UPDATE escalation.texts_to_judge SET doubtful = false WHERE event_id = ANY(CAST(:event_ids AS uuid[]))
""")
_FORGET = text("DELETE FROM escalation.texts_to_judge WHERE queued_at < clock_timestamp() - make_interval(days => 7)")


@dataclass(frozen=True, slots=True)
class ClaimedText:
    """A text to judge: the event that carries it as it was published, and its session's language.

    `payload` is None when the event is gone, and empty when it was erased.
    """

    event_id: UUID
    payload: dict[str, Any] | None
    language: str | None


def queue_texts(connection: Connection, doubtful: Mapping[UUID, bool]) -> None:
    """Note in the transaction that first writes these events that their texts wait, and which hold doubtful danger."""
    write(connection, _QUEUE, {"event_ids": list(doubtful), "doubtful": list(doubtful.values())})


def claim_texts(connection: Connection, limit: int) -> list[ClaimedText]:
    """Lock up to `limit` texts, doubtful danger first, then the oldest."""
    return _claim(connection, _CLAIM_ANY, {"limit": limit})


def claim_chosen(connection: Connection, event_ids: Sequence[UUID]) -> list[ClaimedText]:
    """Lock these texts, but for what somebody else has locked or finished meanwhile."""
    ids = [str(event_id) for event_id in event_ids]
    return _claim(connection, _CLAIM_CHOSEN, {"event_ids": ids, "limit": len(ids)})


def claim_overdue(connection: Connection, limit: int, older_than: float) -> list[ClaimedText]:
    """Lock up to `limit` texts with doubtful danger that nobody has judged within so many seconds."""
    return _claim(connection, _CLAIM_OVERDUE, {"limit": limit, "older_than": older_than})


def _claim(connection: Connection, statement: TextClause, parameters: Mapping[str, object]) -> list[ClaimedText]:
    rows = connection.execute(statement, parameters)
    return [ClaimedText(row.event_id, row.payload, row.language) for row in rows]


def settle_doubt(connection: Connection, event_ids: Sequence[UUID]) -> None:
    """Mark texts as decided by the word lists, though the second ear may judge them; delete those older than a week."""
    connection.execute(_DECIDED, {"event_ids": [str(event_id) for event_id in event_ids]})
    connection.execute(_FORGET)


def finish_texts(connection: Connection, event_ids: Sequence[UUID]) -> None:
    """Forget texts that are judged; only after what was heard in them is in the stream."""
    connection.execute(_DONE, {"event_ids": [str(event_id) for event_id in event_ids]})
