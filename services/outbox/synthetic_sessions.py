"""Rehearsals: marked sessions that go the whole way, mailed to one address only, and removed afterwards."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

MARK = "rehearsal-"
_PLAN = text("""
    INSERT INTO escalation.settings (key, value) VALUES (:session_id, jsonb_build_object('to', CAST(:to AS text)))
""")
_STATIONS = text("""
    SELECT (SELECT max(published_at) FROM escalation.event_inbox WHERE session_id = :session_id) AS published_at,
           (SELECT max(received_at) FROM escalation.event_inbox WHERE session_id = :session_id) AS received_at,
           (SELECT min(opened_at) FROM escalation.tickets WHERE session_id = :session_id) AS opened_at,
           (SELECT min(r.accepted_at) FROM escalation.mail_recipients AS r JOIN escalation.mails AS m USING (mail_id)
            WHERE m.session_id = :session_id AND m.template = 'ticket_opened') AS accepted_at,
           (SELECT max(published_at) FROM escalation.outcomes
            WHERE session_id = :session_id AND payload ->> 'type' = 'mail.accepted') AS told_at,
           (SELECT max(r.reply) FROM escalation.mail_recipients AS r JOIN escalation.mails AS m USING (mail_id)
            WHERE m.session_id = :session_id AND r.state <> 'accepted') AS reply,
           (SELECT max(ticket_number) FROM escalation.tickets WHERE session_id = :session_id) AS number
""")
_TICKETS = "(SELECT ticket_id FROM escalation.tickets WHERE session_id = :session_id)"
_OF_SESSION = "session_id = :session_id"
_NUMBERS = "numbers_of_rehearsals"
# A gap in the day's numbers has to be explained to whoever checks that no ticket has gone.
_KEEP_NUMBERS = text(f"""
    INSERT INTO escalation.settings (key, value)
    SELECT :key, jsonb_agg(ticket_number ORDER BY ticket_number) FROM escalation.tickets
    WHERE {_OF_SESSION} AND ticket_number IS NOT NULL HAVING count(*) > 0
    ON CONFLICT (key) DO UPDATE SET value = settings.value || excluded.value, updated_at = clock_timestamp()
""")
_REMOVALS = (
    f"DELETE FROM escalation.mails WHERE {_OF_SESSION}",
    f"DELETE FROM escalation.outcomes WHERE {_OF_SESSION}",
    f"DELETE FROM escalation.ticket_rungs WHERE ticket_id IN {_TICKETS}",
    f"DELETE FROM escalation.ticket_actions WHERE ticket_id IN {_TICKETS}",
    f"DELETE FROM public.escalation_triggers WHERE {_OF_SESSION}",
    f"DELETE FROM public.support_tickets WHERE {_OF_SESSION}",
    "DELETE FROM public.ai_sessions WHERE id = :session_id",
    f"DELETE FROM escalation.tickets WHERE {_OF_SESSION}",
    f"DELETE FROM escalation.event_inbox WHERE {_OF_SESSION}",
    f"DELETE FROM escalation.sessions WHERE {_OF_SESSION}",
    "DELETE FROM escalation.audit_log WHERE row_id = :session_id OR coalesce(new, old) ->> 'session_id' = :session_id",
)
_FORGET = text("DELETE FROM escalation.settings WHERE key = :session_id")
# Longer than any rehearsal takes: whoever made this plan has ended, and something came of it afterwards.
_ABANDONED = text("""
    SELECT key FROM escalation.settings
    WHERE starts_with(key, :mark) AND updated_at < clock_timestamp() - interval '1 hour' ORDER BY key
""")

_MAY_REMOVE = text("""
    SELECT has_table_privilege('public.support_tickets', 'DELETE')
       AND has_table_privilege('public.ai_sessions', 'DELETE')
       AND has_table_privilege('public.escalation_triggers', 'DELETE')
       AND has_table_privilege('escalation.audit_log', 'DELETE')
""")


@dataclass(frozen=True, slots=True)
class Stations:
    """When a rehearsal passed each station, by the servers' clocks; `reply` is a refusal, `number` the ticket's."""

    published_at: datetime | None
    received_at: datetime | None
    opened_at: datetime | None
    accepted_at: datetime | None
    told_at: datetime | None
    reply: str | None
    number: str | None

    @property
    def done(self) -> bool:
        return self.told_at is not None


def may_remove(connection: Connection) -> bool:
    """Whether this role could take a rehearsal away again; the worker's own, with the least rights, could not."""
    return bool(connection.execute(_MAY_REMOVE).scalar_one())


def plan(connection: Connection, session_id: str, to: str) -> None:
    """From now on whatever is mailed about this session goes to this address alone."""
    connection.execute(_PLAN, {"session_id": session_id, "to": to})


def stations(connection: Connection, session_id: str) -> Stations:
    """How far it has come."""
    return Stations(*connection.execute(_STATIONS, {"session_id": session_id}).one())


def remove(connection: Connection, session_id: str, *, keep_plan: bool = False) -> None:
    """Leave nothing of it but its ticket's number, which is not given again, so that it counts in no statistics.

    `keep_plan`: a worker may still have its events in hand, and what it mails must reach nobody else.
    """
    connection.execute(_KEEP_NUMBERS, {"key": _NUMBERS, "session_id": session_id})
    for statement in _REMOVALS:
        connection.execute(text(statement), {"session_id": session_id})
    if not keep_plan:
        connection.execute(_FORGET, {"session_id": session_id})


def abandoned(connection: Connection) -> list[str]:
    """Sessions of rehearsals that were given up: a worker may have come and taken them up since."""
    return list(connection.execute(_ABANDONED, {"mark": MARK}).scalars())
