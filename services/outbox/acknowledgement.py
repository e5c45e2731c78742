"""Mails to the others who were asked: somebody has the ticket, so they need not do anything."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from rules.delivery import MailTemplate, RecipientState
from rules.reasons import PRIORITIES, rank
from services.database.encoding import sql_list
from services.installation import Installation
from services.outbox.push import push_acknowledgements
from services.outbox.queue import NewMail, queue_mails

# Behind every support mail.
_LAST = rank(PRIORITIES[0], safety=False)
_ASKED = (MailTemplate.TICKET_OPENED, MailTemplate.TICKET_UNACKNOWLEDGED, MailTemplate.TICKET_HANDED_OVER)
_REACHED = (RecipientState.ACCEPTED, RecipientState.SENDING, RecipientState.UNKNOWN)
_RECIPIENTS = text(f"""
    SELECT m.ticket_id, array_agg(DISTINCT r.address ORDER BY r.address) AS addresses
    FROM escalation.mails AS m JOIN escalation.mail_recipients AS r ON r.mail_id = m.mail_id
    WHERE m.ticket_id = ANY(CAST(:ticket_ids AS text[])) AND m.template IN {sql_list(*_ASKED)}
      AND r.state IN {sql_list(*_REACHED)}
    GROUP BY m.ticket_id
""")


@dataclass(frozen=True, slots=True)
class AcknowledgedTicket:
    """Somebody acknowledged a ticket; `by` is a name, or the database's user where it was plain SQL."""

    ticket_id: str
    session_id: str
    by: str
    at: datetime


def mail_acknowledgements(
    connection: Connection, taken: Sequence[AcknowledgedTicket], installation: Installation
) -> None:
    """Queue a mail to everybody whom a support mail has reached, except the contact who has the ticket now."""
    if not taken:
        return
    asked = connection.execute(_RECIPIENTS, {"ticket_ids": [ticket.ticket_id for ticket in taken]})
    reached = {row.ticket_id: row.addresses for row in asked}
    told = [
        NewMail(
            cause=(ticket.ticket_id, ticket.at.isoformat()),
            template=MailTemplate.TICKET_ACKNOWLEDGED,
            recipients=_select_others(reached.get(ticket.ticket_id, ()), ticket.by, installation),
            rank=_LAST,
            ticket_id=ticket.ticket_id,
            session_id=ticket.session_id,
            content={"by": ticket.by, "at": ticket.at.isoformat()},
        )
        for ticket in taken
    ]
    push_acknowledgements(connection, told, installation)
    if mails := [mail for mail in told if mail.recipients]:
        queue_mails(connection, mails, installation.message_id_domain)


def _select_others(addresses: Sequence[str], name: str, installation: Installation) -> tuple[str, ...]:
    own = {contact.email for contact in installation.contacts.contacts if contact.name == name}
    return tuple(address for address in addresses if address not in own)
