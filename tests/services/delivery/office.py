"""Queues mails, sends them as a worker would, and reads what became of them."""

from collections import Counter
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy import text as sql

from config.settings import get_settings
from rules.delivery import MailTemplate
from services.database.engine import begin
from services.outbox.queries import retry
from services.outbox.queue import NewMail, queue_mails
from tasks.delivery.deliver import deliver
from tasks.mail import sender_of
from tests.smtp_server import SmtpServer

TEXT = "hello\n.a line that begins with a dot\n"


def queue_many(count: int, *, rank: int = 3) -> None:
    """Queue so many mails of the same rank at once."""
    content = {"subject": "ordinary", "text": TEXT}
    to = ("support@example.com",)
    mails = [NewMail((str(number),), MailTemplate.TEST, to, rank=rank, content=content) for number in range(count)]
    with begin() as connection:
        queue_mails(connection, mails, "example.com")


@dataclass(frozen=True, slots=True)
class Office:
    """`connection` sees what is committed; `server` is the mail server that the settings name."""

    connection: Connection
    server: SmtpServer

    def queue(self, name: str, *recipients: str, rank: int = 3, text: str = TEXT, **more: Any) -> UUID:
        """Queue a mail with this subject."""
        content = {"subject": name, "text": text}
        to = recipients or ("support@example.com",)
        mail = NewMail(cause=(name,), template=MailTemplate.TEST, recipients=to, rank=rank, content=content, **more)
        with begin() as connection:
            queue_mails(connection, [mail], "example.com")
        return mail.mail_id

    def send(self, *, urgent_only: bool = False) -> "Counter[str]":
        """One run of a sender in this process."""
        return deliver(sender_of(get_settings()), urgent_only=urgent_only)

    def retry(self, mail_id: UUID) -> None:
        """As `mail retry` does."""
        with begin() as connection:
            assert retry(connection, [mail_id]) > 0

    def all_due(self) -> None:
        """Let the time until the next attempt pass."""
        self.connection.execute(sql("UPDATE escalation.mail_recipients SET next_attempt_at = clock_timestamp()"))

    def probe_is_due(self) -> None:
        """Let the time until the next probe pass."""
        self.connection.exec_driver_sql("UPDATE escalation.mail_accounts SET next_probe_at = clock_timestamp()")

    def minutes_pass(self, minutes: float) -> None:
        """Make all mail older by so much."""
        self.connection.exec_driver_sql(
            f"UPDATE escalation.mail_recipients SET queued_at = queued_at - interval '{minutes} minutes', "
            f"next_attempt_at = next_attempt_at - interval '{minutes} minutes'"
        )

    def rows(self, statement: str, **parameters: Any) -> list[dict[str, Any]]:
        return [dict(row) for row in self.connection.execute(sql(statement), parameters).mappings()]

    def recipient(self, mail_id: UUID, address: str = "support@example.com") -> dict[str, Any]:
        """Where the mail to this address stands; `delay` is in seconds from now."""
        [row] = self.rows(
            """SELECT *, extract(epoch FROM next_attempt_at - clock_timestamp())::float AS delay
               FROM escalation.mail_recipients WHERE mail_id = :mail_id AND address = :address""",
            mail_id=mail_id,
            address=address,
        )
        return row

    def states(self) -> "Counter[str]":
        return Counter(row["state"] for row in self.rows("SELECT state FROM escalation.mail_recipients"))

    def attempts(self, mail_id: UUID) -> list[dict[str, Any]]:
        return self.rows(
            """SELECT a.*, r.address FROM escalation.delivery_attempts AS a
               JOIN escalation.mail_recipients AS r USING (recipient_id)
               WHERE r.mail_id = :mail_id ORDER BY a.started_at, r.address""",
            mail_id=mail_id,
        )

    def account(self) -> dict[str, Any]:
        [row] = self.rows("SELECT * FROM escalation.mail_accounts")
        return row

    def alerts(self, *, open_only: bool = True) -> list[str]:
        condition = "WHERE cleared_at IS NULL" if open_only else ""
        return [row["key"] for row in self.rows(f"SELECT key FROM escalation.alerts {condition} ORDER BY alert_id")]

    def subjects(self) -> list[str]:
        """What the server took, in order."""
        return [message.header("Subject") for message in self.server.messages]
