"""What a line of the log is about: event, session and ticket, read only when there is such a line to write."""

from typing import Final
from uuid import UUID

from sqlalchemy import Connection, text

# The number is still known to ABParts when our own row of the ticket is gone.
_OF_MAIL: Final = text("""
    SELECT m.session_id,
           coalesce(t.ticket_number,
               (SELECT p.ticket_number FROM public.support_tickets AS p WHERE p.id = m.ticket_id)) AS ticket,
           (SELECT i.event_id::text FROM escalation.event_inbox AS i
            WHERE i.session_id = m.session_id AND i.ticket_id = m.ticket_id
            ORDER BY i.received_at, i.event_id LIMIT 1) AS event_id
    FROM escalation.mails AS m LEFT JOIN escalation.tickets AS t ON t.ticket_id = m.ticket_id
    WHERE m.mail_id = :mail_id
""")


_OF_TICKET: Final = text("""
    SELECT p.session_id, p.ticket_number AS ticket,
           (SELECT i.event_id::text FROM escalation.event_inbox AS i
            WHERE i.session_id = p.session_id AND i.ticket_id = p.id
            ORDER BY i.received_at, i.event_id LIMIT 1) AS event_id
    FROM public.support_tickets AS p WHERE p.id = :ticket_id
""")


def mail_trace(connection: Connection, mail_id: UUID) -> dict[str, str | None]:
    """Mail, event, session and ticket, by ids; an event is the first that its ticket counted."""
    row = connection.execute(_OF_MAIL, {"mail_id": mail_id}).mappings().one_or_none()
    return {"mail_id": str(mail_id), **(row or {})}


def ticket_trace(connection: Connection, ticket_id: str) -> dict[str, str | None]:
    """The same for a ticket, whoever opened it."""
    row = connection.execute(_OF_TICKET, {"ticket_id": ticket_id}).mappings().one_or_none()
    return dict(row or {})
