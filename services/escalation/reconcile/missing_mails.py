"""Open tickets that no mail tells of: theirs are taken on first, then each gets the mail that it should have had."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection, RowMapping, text

from rules.decision import Decision
from rules.delivery import TICKET_NEWS, MailTemplate
from rules.foreign_words import known_priority
from rules.reasons import REASONS, rank
from rules.routing import recipients
from services.database.encoding import sql_list
from services.events.inbox import lock_sessions
from services.events.session_state import read_states
from services.installation import Installation
from services.outbox.models import NewMail
from services.outbox.push import queue_pushes
from services.outbox.queue import queue_mails
from services.ticket_details import TicketDetails, load_ticket_details
from services.tickets.update import adopt, foreign_tickets

_MAILED = text(f"""
    SELECT DISTINCT m.ticket_id FROM escalation.mails AS m
    JOIN escalation.mail_recipients AS r ON r.mail_id = m.mail_id
    WHERE m.ticket_id = ANY(CAST(:ticket_ids AS text[])) AND r.state NOT IN ('refused', 'cancelled')
      AND m.template IN {sql_list(*TICKET_NEWS)}
""")


def mail_tickets(connection: Connection, rows: Sequence[RowMapping], installation: Installation) -> int:
    """Queue the missing mails; return how many tickets have one now.

    Where the only mail was refused by every address there is none to send again, unless the routes name others now.
    """
    _take_on(connection, [row["session_id"] for row in rows if not row["ours"]])
    ticket_ids = [row["ticket_id"] for row in rows]
    mails = [_opening_mail(details, installation) for details in load_ticket_details(connection, ticket_ids).values()]
    if mails:
        queue_mails(connection, mails, installation.message_id_domain)
        queue_pushes(connection, mails, installation)
    return len(connection.execute(_MAILED, {"ticket_ids": ticket_ids}).all())


def _take_on(connection: Connection, session_ids: Sequence[str]) -> None:
    """Make tickets that somebody else opened ours, one for a session."""
    if not session_ids:
        return
    lock_sessions(connection, session_ids)
    states = read_states(connection, session_ids)
    foreign = foreign_tickets(connection, session_ids)
    adopt(
        connection,
        [
            Decision(replace(states[session_id], ticket=ticket))
            for session_id, ticket in sorted(foreign.items())
            if states[session_id].ticket is None
        ],
    )


def _opening_mail(details: TicketDetails, installation: Installation) -> NewMail:
    ticket = details.ticket
    priority = known_priority(ticket.priority)
    organisation = details.user.organisation if details.user else None
    return NewMail(
        cause=(ticket.ticket_id,),
        template=MailTemplate.TICKET_OPENED,
        recipients=recipients(
            installation.contacts,
            reasons=[reason for reason in ticket.reason_names if reason in REASONS],
            priority=priority,
            region=organisation.country if organisation else None,
            default=installation.settings.support_email,
        ),
        rank=rank(priority, ticket.safety),
        ticket_id=ticket.ticket_id,
        session_id=details.session.session_id,
        published_at=ticket.opened_at,
    )
