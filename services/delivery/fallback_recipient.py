"""Mail that a contact cannot get goes to the next one on the ladder too: refused for good, or urgent and stuck."""

from collections.abc import Collection, Sequence
from typing import Any, Final
from uuid import UUID

import structlog
from sqlalchemy import Connection, text

from rules.contacts import ContactBook
from rules.delivery import UNDELIVERED, RecipientState
from services.database.encoding import sql_list
from services.monitoring.log_context import mail_trace
from services.outbox.queue import queue_recipients

logger = structlog.get_logger()

_PRIORITIES: Final = ("urgent", "urgent", "high", "medium", "low")  # by rank

# Not again for a recipient for whom it was done already; waiting mail counts as stuck from when it was due.
_STRANDED = text(f"""
    WITH stranded AS (
        SELECT r.recipient_id, r.mail_id, r.rank
        FROM escalation.mail_recipients AS r JOIN escalation.mails AS m ON m.mail_id = r.mail_id
        WHERE m.ticket_id IS NOT NULL AND m.template <> 'customer_notice' AND m.lane <> 'push'
          AND r.handed_on_at IS NULL
          AND r.state IN {sql_list(*UNDELIVERED, RecipientState.SENDING)}
          AND (r.state = 'refused'
               OR r.rank <= 1 AND (r.state = 'held'
                   OR r.queued_at <= clock_timestamp() - make_interval(secs => :stuck_seconds)
                      AND (r.reply_class IS NOT NULL
                           OR r.next_attempt_at <= clock_timestamp() - make_interval(secs => :stuck_seconds)))
                  AND NOT EXISTS (SELECT FROM escalation.mail_recipients AS o
                                  WHERE o.mail_id = r.mail_id AND o.state = 'accepted'))
        LIMIT :limit FOR UPDATE OF r SKIP LOCKED
    ), marked AS (
        UPDATE escalation.mail_recipients SET handed_on_at = clock_timestamp()
        WHERE recipient_id IN (SELECT recipient_id FROM stranded)
    )
    SELECT s.mail_id, s.rank, array_agg(r.address) AS addresses
    FROM (SELECT DISTINCT mail_id, rank FROM stranded) AS s
    JOIN escalation.mail_recipients AS r ON r.mail_id = s.mail_id
    GROUP BY s.mail_id, s.rank
""")


def escalate_stuck(connection: Connection, book: ContactBook, stuck_seconds: float) -> int:
    """Add the next contact to each mail that is stranded; the number of mails that have one more recipient."""
    rows = connection.execute(_STRANDED, {"stuck_seconds": stuck_seconds, "limit": 1_000}).all()
    added: list[tuple[UUID, str, float]] = []
    for row in rows:
        address = _next_address(book, row.rank, row.addresses)
        if address is None:
            logger.error("nobody_left_to_mail", **mail_trace(connection, row.mail_id))
        else:
            added.append((row.mail_id, address, 0.0))
    if added:
        queue_recipients(connection, added)
    return len(added)


def _next_address(book: ContactBook, rank: int, addresses: Collection[str]) -> str | None:
    """The first contact on the ladder of the mail's priority who is not among its recipients."""
    known = {address.casefold() for address in addresses}
    levels: Sequence[Any] = book.ladder[_PRIORITIES[rank]].levels
    return next((contact.email for contact in levels if contact.email.casefold() not in known), None)
