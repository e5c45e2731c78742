"""Other tickets that a reader should know of: of the same session, machine or user."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Final

from sqlalchemy import Connection

from services.database.calendar import in_calendar
from services.database.prepared import prepared
from services.database.quick import fetch
from services.ticket_details.models import RelatedTicket, SessionFacts
from services.tickets.abparts_rows import UNKNOWN_USER

MOST_RELATED: Final = 5

# One more than is shown, since the ticket itself is among them.
_READ = prepared(f"""
    WITH found AS MATERIALIZED (
        SELECT t.id AS ticket_id, t.ticket_number AS number, CAST(t.priority AS text) AS priority,
               CAST(t.status AS text) AS status, t.escalation_reason AS reason,
               {in_calendar("t.created_at AT TIME ZONE 'UTC'")} AS opened_at, t.session_id, s.machine_id, s.user_id
        FROM public.support_tickets AS t JOIN public.ai_sessions AS s ON s.id = t.session_id
        WHERE t.session_id = ANY(CAST(:session_ids AS text[]))
           OR (t.status IN ('open', 'in_progress')
               AND (s.machine_id = ANY(CAST(:machine_ids AS text[])) OR s.user_id = ANY(CAST(:user_ids AS text[]))))
    ), ranked AS (
        SELECT 'session' AS relation, session_id AS key, 0 AS place, found.* FROM found
        WHERE session_id = ANY(CAST(:session_ids AS text[]))
        UNION ALL
        SELECT 'machine', machine_id,
               row_number() OVER (PARTITION BY machine_id ORDER BY opened_at DESC, number), found.*
        FROM found WHERE machine_id = ANY(CAST(:machine_ids AS text[])) AND status IN ('open', 'in_progress')
        UNION ALL
        SELECT 'user', user_id,
               row_number() OVER (PARTITION BY user_id ORDER BY opened_at DESC, number), found.*
        FROM found WHERE user_id = ANY(CAST(:user_ids AS text[])) AND status IN ('open', 'in_progress')
    )
    SELECT relation, key, ticket_id, number, priority, status, reason, opened_at FROM ranked
    WHERE place <= CAST(:most AS bigint) ORDER BY opened_at DESC, number
""")

Related = Mapping[tuple[str, str], list[RelatedTicket]]


def load_related(connection: Connection, sessions: Collection[SessionFacts]) -> Related:
    """All tickets of each session, and the newest open ones of its machine and of its user; one statement."""
    user_ids = {session.user_id for session in sessions if session.user_id and session.user_id != UNKNOWN_USER}
    rows = fetch(
        connection,
        _READ,
        {
            "session_ids": [session.session_id for session in sessions],
            "machine_ids": [session.machine_id for session in sessions if session.machine_id],
            "user_ids": list(user_ids),
            "most": MOST_RELATED + 1,
        },
    )
    related: dict[tuple[str, str], list[RelatedTicket]] = defaultdict(list)
    for row in rows:
        related[row.pop("relation"), row.pop("key")].append(RelatedTicket(**row))
    return related


def select_others(related: Related, relation: str, key: str | None, ticket_id: str) -> tuple[RelatedTicket, ...]:
    """The related tickets but the ticket itself, newest first."""
    found = related.get((relation, key or ""), [])
    return tuple(ticket for ticket in found if ticket.ticket_id != ticket_id)[:MOST_RELATED]
