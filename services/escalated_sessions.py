"""ABParts' sessions, marked as escalated."""

from collections.abc import Sequence

from sqlalchemy import Connection, text

from services.tickets import NewTicket

# Who a session of ours belongs to when nobody said: ABParts' column takes no null.
UNKNOWN_USER = "unknown"

INSERT_SESSIONS = text("""
    INSERT INTO public.ai_sessions (id, user_id, machine_id, status, language, created_at, updated_at)
    SELECT n.id, n.user_id, n.machine_id, 'escalated', n.language, utc.now, utc.now
    FROM unnest(
        CAST(:ids AS text[]), CAST(:user_ids AS text[]), CAST(:machine_ids AS text[]), CAST(:languages AS text[]))
        AS n (id, user_id, machine_id, language),
        (SELECT now() AT TIME ZONE 'UTC' AS now) AS utc
    ORDER BY n.id
    ON CONFLICT DO NOTHING
""")
ESCALATE_SESSIONS = text("""
    UPDATE public.ai_sessions SET status = 'escalated', updated_at = now() AT TIME ZONE 'UTC'
    WHERE id IN (
        SELECT id FROM public.ai_sessions
        WHERE id = ANY(CAST(:ids AS text[])) AND status <> 'escalated' ORDER BY id FOR NO KEY UPDATE
    )
""")


def escalate_sessions(connection: Connection, tickets: Sequence[NewTicket]) -> None:
    """Mark ABParts' sessions as escalated; one that was never stored is added, since the ticket refers to it."""
    connection.execute(
        INSERT_SESSIONS,
        {
            "ids": [ticket.session_id for ticket in tickets],
            "user_ids": [ticket.user_id or UNKNOWN_USER for ticket in tickets],
            "machine_ids": [ticket.machine_id for ticket in tickets],
            "languages": [ticket.language or "en" for ticket in tickets],
        },
    )
    escalate_sessions_by_id(connection, [ticket.session_id for ticket in tickets])


def escalate_sessions_by_id(connection: Connection, session_ids: Sequence[str]) -> None:
    """Mark sessions that are there as escalated, in the order of their ids."""
    connection.execute(ESCALATE_SESSIONS, {"ids": list(session_ids)})
