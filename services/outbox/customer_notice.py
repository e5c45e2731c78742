"""Mails to the user: the ticket, once a server accepted the support mail; advice on danger at once."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from config.mail_settings import checked_address
from rules.delivery import MailTemplate
from rules.reasons import PRIORITIES, rank
from services.directory import load_people
from services.installation import Installation
from services.outbox.queue import NewMail, queue_mails

# Behind every support mail of an ordinary ticket.
_LAST = rank(PRIORITIES[0], safety=False)
# Advice on danger: before ordinary mail, behind all safety mail to the support team.
_FIRST = rank("urgent", safety=False)


@dataclass(frozen=True, slots=True)
class _Notice:
    """What a user is told, when among other mail, and what makes it different from the ticket's other notices."""

    rank: int
    cause: tuple[str, ...] = ()
    content: dict[str, Any] = field(default_factory=dict)


_HUMAN_KNOWS = _Notice(_LAST)
_ADVICE = _Notice(_FIRST, cause=("advice",))
_SOLVED = _Notice(_LAST, cause=("solved",), content={"solved": True})

_TICKETS = text("""
    SELECT DISTINCT t.ticket_id, t.session_id, coalesce(s.user_id, a.user_id) AS user_id,
           coalesce(s.language, a.language) AS language, t.reasons ? 'safety_concern' AS safety
    FROM escalation.tickets AS t
    LEFT JOIN escalation.sessions AS s ON s.session_id = t.session_id
    LEFT JOIN public.ai_sessions AS a ON a.id = t.session_id
    WHERE t.ticket_id = ANY(CAST(:ticket_ids AS text[]))
""")
_OPENED = text("""
    SELECT ticket_id FROM escalation.mails
    WHERE mail_id = ANY(CAST(:mail_ids AS uuid[])) AND template = 'ticket_opened'
      AND NOT EXISTS (
          SELECT FROM escalation.mails AS advice
          WHERE advice.ticket_id = mails.ticket_id AND advice.template = 'customer_notice'
            AND advice.queued_at > clock_timestamp() - interval '10 minutes')
""")
_TOLD = text("""
    SELECT DISTINCT ticket_id FROM escalation.mails
    WHERE ticket_id = ANY(CAST(:ticket_ids AS text[])) AND template = 'customer_notice'
""")


def tell_customers(connection: Connection, mail_ids: Sequence[UUID], installation: Installation) -> None:
    """Queue a notice for the user of each ticket whose first support mail was accepted; a repeat writes nothing.

    Whoever got advice on danger within the last minutes gets no second mail: the assistant says that the team has it.
    """
    if installation.settings.customer_notice:
        opened = connection.execute(_OPENED, {"mail_ids": [str(mail_id) for mail_id in mail_ids]}).scalars().all()
        _queue_notices(connection, opened, installation, _HUMAN_KNOWS)


def warn_customers(connection: Connection, ticket_ids: Sequence[str], installation: Installation) -> None:
    """Queue the advice to stop and keep away at once: it claims nothing about humans."""
    if installation.settings.customer_notice:
        _queue_notices(connection, ticket_ids, installation, _ADVICE)


def tell_customers_solved(connection: Connection, ticket_ids: Sequence[str], installation: Installation) -> None:
    """Queue the notice that the ticket is solved, for users who were told of it before."""
    if installation.settings.customer_notice and ticket_ids:
        told = connection.execute(_TOLD, {"ticket_ids": list(ticket_ids)}).scalars().all()
        _queue_notices(connection, told, installation, _SOLVED)


def _queue_notices(
    connection: Connection, ticket_ids: Sequence[str], installation: Installation, notice: _Notice
) -> None:
    if not ticket_ids:
        return
    tickets = connection.execute(_TICKETS, {"ticket_ids": list(ticket_ids)}).all()
    people = load_people(connection, [ticket.user_id for ticket in tickets if ticket.user_id])
    mails = [
        NewMail(
            cause=(ticket.ticket_id, *notice.cause),
            template=MailTemplate.CUSTOMER_NOTICE,
            recipients=(address,),
            rank=notice.rank,
            ticket_id=ticket.ticket_id,
            session_id=ticket.session_id,
            language=ticket.language or "en",
            content=notice.content,
        )
        for ticket in tickets
        if (person := people.get(ticket.user_id or "")) and (address := _usable_address(person.email))
    ]
    if mails:
        queue_mails(connection, mails, installation.message_id_domain)


def _usable_address(address: str | None) -> str | None:
    """The address if mail can go to it; ABParts does not check what it stores."""
    try:
        return checked_address(address or "")
    except ValueError:
        return None
