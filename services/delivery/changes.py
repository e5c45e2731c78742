"""What a person may do with mails: try them again, or not at all."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Connection, text

RETRY = text("""
    UPDATE escalation.mail_recipients
    SET state = 'queued', attempts = 0, repeats = 0, short = false, next_attempt_at = clock_timestamp(),
        handed_on_at = NULL, lease_id = NULL
    WHERE recipient_id IN (
        SELECT recipient_id FROM escalation.mail_recipients
        WHERE mail_id = ANY(:mail_ids) AND state IN ('queued', 'deferred', 'held', 'refused', 'unknown', 'cancelled')
        FOR UPDATE
    )
""")
CANCEL = text("""
    UPDATE escalation.mail_recipients SET state = 'cancelled', lease_id = NULL
    WHERE recipient_id IN (
        SELECT recipient_id FROM escalation.mail_recipients
        WHERE mail_id = ANY(:mail_ids) AND state IN ('queued', 'deferred', 'held', 'refused', 'unknown')
        FOR UPDATE
    )
""")


def retry(connection: Connection, mail_ids: Sequence[UUID]) -> int:
    """Make everything due that was not accepted and is not on its way; the number of recipients."""
    return connection.execute(RETRY, {"mail_ids": list(mail_ids)}).rowcount


def cancel(connection: Connection, mail_ids: Sequence[UUID]) -> int:
    """Do not send what was not accepted and is not on its way; the number of recipients."""
    return connection.execute(CANCEL, {"mail_ids": list(mail_ids)}).rowcount
