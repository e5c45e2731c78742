"""Push messages beside mails: whoever is mailed about a ticket and has push channels is woken by them too."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import Connection, text

from rules.delivery import MailTemplate, PushKind, RecipientState
from rules.push import list_channels, select_woken
from rules.reasons import priority_of_rank
from services.database.encoding import sql_list
from services.installation import Installation
from services.outbox.queue import NewMail, queue_mails
from services.outbox.synthetic_sessions import MARK

_KINDS: Final = {
    MailTemplate.TICKET_OPENED: PushKind.OPENED,
    MailTemplate.TICKET_UPDATED: PushKind.DANGER,
    MailTemplate.TICKET_UNACKNOWLEDGED: PushKind.UNACKNOWLEDGED,
    MailTemplate.TICKET_HANDED_OVER: PushKind.HANDED_OVER,
}
_REACHED = text(f"""
    SELECT m.ticket_id, array_agg(DISTINCT r.address ORDER BY r.address) AS channels
    FROM escalation.mails AS m JOIN escalation.mail_recipients AS r ON r.mail_id = m.mail_id
    WHERE m.ticket_id = ANY(CAST(:ticket_ids AS text[])) AND m.lane = 'push'
      AND r.state IN {sql_list(RecipientState.ACCEPTED, RecipientState.SENDING, RecipientState.UNKNOWN)}
    GROUP BY m.ticket_id
""")


def queue_pushes(connection: Connection, mails: Sequence[NewMail], installation: Installation) -> int:
    """Queue a push message beside each mail that asks somebody for help; return how many.

    Beside the first mail of a ticket it goes to the first level of the ladder too, whose mailbox a team may share.
    Of a ticket's changes only a new sign of danger wakes anybody.
    """
    if not any(contact.notify for contact in installation.contacts.contacts):
        return 0
    now = datetime.now(UTC)
    pushes = [push for mail in mails if (push := _push_beside(mail, installation, now))]
    if pushes:
        queue_mails(connection, pushes, installation.message_id_domain)
    return len(pushes)


def _push_beside(mail: NewMail, installation: Installation, now: datetime) -> NewMail | None:
    kind = _KINDS.get(mail.template) if isinstance(mail.template, MailTemplate) else None
    if kind is None or (mail.session_id or "").startswith(MARK) or (kind is PushKind.DANGER and mail.rank > 0):
        return None
    book, emails = installation.contacts, [*mail.recipients]
    if kind is PushKind.OPENED:
        emails.append(book.ladder[priority_of_rank(mail.rank)].levels[0].email)
    woken = select_woken(book, emails, mail.rank, now)
    channels = tuple(name for contact in woken for name, _ in list_channels(contact))
    if not channels:
        return None
    return NewMail(
        cause=mail.cause,
        template=kind,
        recipients=channels,
        rank=mail.rank,
        ticket_id=mail.ticket_id,
        session_id=mail.session_id,
        content={"waiting_since": mail.content["waiting_since"]} if kind is PushKind.UNACKNOWLEDGED else {},
    )


def push_acknowledgements(connection: Connection, mails: Sequence[NewMail], installation: Installation) -> None:
    """Tell whoever was woken that somebody has the ticket.

    :param mails: one for each ticket that was acknowledged just now; `by` in its content says by whom
    """
    reached = connection.execute(_REACHED, {"ticket_ids": [mail.ticket_id for mail in mails]})
    channels = {row.ticket_id: row.channels for row in reached}
    known = {name: contact for contact in installation.contacts.contacts for name, _ in list_channels(contact)}
    pushes = [
        NewMail(
            cause=mail.cause,
            template=PushKind.ACKNOWLEDGED,
            recipients=others,
            rank=mail.rank,
            ticket_id=mail.ticket_id,
            session_id=mail.session_id,
        )
        for mail in mails
        if (
            others := tuple(
                name
                for name in channels.get(mail.ticket_id, ())
                if name in known and known[name].name != mail.content["by"]
            )
        )
    ]
    if pushes:
        queue_mails(connection, pushes, installation.message_id_domain)
