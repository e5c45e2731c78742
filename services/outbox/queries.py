"""The outbox as people look at it: mails by state, ticket and age, and everything about one."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from rules.delivery import CLAIMABLE, UNDELIVERED, RecipientState
from services.database.encoding import sql_list

_LIST = text("""
    SELECT m.mail_id, m.template, t.ticket_number, r.address, r.state, r.attempts, r.reply_class, r.reply,
           m.queued_at, r.next_attempt_at, r.accepted_at
    FROM escalation.mails AS m
    JOIN escalation.mail_recipients AS r ON r.mail_id = m.mail_id
    LEFT JOIN escalation.tickets AS t ON t.ticket_id = m.ticket_id
    WHERE (CAST(:state AS text) IS NULL OR r.state = :state)
      AND (CAST(:ticket AS text) IS NULL OR t.ticket_number = :ticket)
      AND (CAST(:older AS double precision) IS NULL
           OR m.queued_at < clock_timestamp() - make_interval(secs => 3600 * CAST(:older AS double precision)))
    ORDER BY m.queued_at DESC, r.address LIMIT :limit
""")
_FIND = text("SELECT mail_id FROM escalation.mails WHERE starts_with(CAST(mail_id AS text), :prefix) LIMIT 2")
_MAIL = text("""
    SELECT m.mail_id, m.template, m.language, m.lane, m.rank, m.message_id, m.queued_at, t.ticket_number
    FROM escalation.mails AS m LEFT JOIN escalation.tickets AS t ON t.ticket_id = m.ticket_id
    WHERE m.mail_id = :mail_id
""")
_ATTEMPTS = text("""
    SELECT r.address, r.state, a.number, a.started_at, a.body_started_at, a.finished_at, a.phase, a.code,
           a.enhanced_code, a.reply_class, a.reply
    FROM escalation.mail_recipients AS r LEFT JOIN escalation.delivery_attempts AS a ON a.recipient_id = r.recipient_id
    WHERE r.mail_id = :mail_id ORDER BY r.address, a.number
""")
_HELD_QUEUE = text(f"""
    SELECT a.phase, a.reply, count(r.recipient_id) AS waiting
    FROM escalation.mail_accounts AS a
    LEFT JOIN escalation.mail_recipients AS r ON r.state IN {sql_list(*CLAIMABLE)}
    WHERE a.account = :account AND a.state <> 'closed' GROUP BY a.account
""")


class MailNotFound(Exception):
    """No mail, or more than one, begins with this id."""


def list_mails(
    connection: Connection, *, state: str | None, ticket: str | None, older_hours: float | None, limit: int
) -> list[dict[str, Any]]:
    """Mails with a row for each recipient, the newest first."""
    parameters = {"state": state, "ticket": ticket, "older": older_hours, "limit": limit}
    return [dict(row) for row in connection.execute(_LIST, parameters).mappings()]


def held_queue(connection: Connection, account: str) -> dict[str, Any] | None:
    """How many recipients wait for the account, and at which step what reply closed it; None: it works."""
    row = connection.execute(_HELD_QUEUE, {"account": account}).mappings().one_or_none()
    return dict(row) if row else None


def find_mail(connection: Connection, prefix: str) -> UUID:
    """The mail whose id begins so.

    :raises MailNotFound: there is none, or there are several
    """
    found: Sequence[UUID] = connection.execute(_FIND, {"prefix": prefix.lower()}).scalars().all()
    if len(found) != 1:
        raise MailNotFound(f"{'no' if not found else 'more than one'} mail has an id that begins with {prefix!r}")
    return found[0]


def show_mail(connection: Connection, mail_id: UUID) -> dict[str, Any]:
    """One mail with every attempt at every address."""
    mail = dict(connection.execute(_MAIL, {"mail_id": mail_id}).mappings().one())
    return mail | {"attempts": [dict(row) for row in connection.execute(_ATTEMPTS, {"mail_id": mail_id}).mappings()]}


_RETRY = text(f"""
    UPDATE escalation.mail_recipients
    SET state = 'queued', attempts = 0, repeats = 0, short = false, next_attempt_at = clock_timestamp(),
        handed_on_at = NULL, lease_id = NULL
    WHERE recipient_id IN (
        SELECT recipient_id FROM escalation.mail_recipients
        WHERE mail_id = ANY(:mail_ids) AND state IN {sql_list(*UNDELIVERED, RecipientState.CANCELLED)}
        FOR UPDATE
    )
""")
_CANCEL = text(f"""
    UPDATE escalation.mail_recipients SET state = 'cancelled', lease_id = NULL
    WHERE recipient_id IN (
        SELECT recipient_id FROM escalation.mail_recipients
        WHERE mail_id = ANY(:mail_ids) AND state IN {sql_list(*UNDELIVERED)}
        FOR UPDATE
    )
""")


def retry(connection: Connection, mail_ids: Sequence[UUID]) -> int:
    """Make everything due that was not accepted and is not on its way; the number of recipients."""
    return connection.execute(_RETRY, {"mail_ids": list(mail_ids)}).rowcount


def cancel(connection: Connection, mail_ids: Sequence[UUID]) -> int:
    """Do not send what was not accepted and is not on its way; the number of recipients."""
    return connection.execute(_CANCEL, {"mail_ids": list(mail_ids)}).rowcount
