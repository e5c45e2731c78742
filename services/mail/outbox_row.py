"""The mails as they stand in the outbox, and the clock that their lateness is measured with."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection

from services.database.prepared import prepared
from services.database.quick import fetch
from services.ticket_details import TicketDetails

CUSTOMER_NOTICE: Final = "customer_notice"

_READ = prepared("""
    SELECT m.mail_id, m.ticket_id, m.template, m.language, m.lane, m.rank, m.message_id, m.content, m.queued_at,
           clock_timestamp() AS now,
           array(SELECT r.address FROM escalation.mail_recipients AS r WHERE r.mail_id = m.mail_id
                 ORDER BY r.queued_at, r.address) AS recipients
    FROM escalation.mails AS m WHERE m.mail_id = ANY(CAST(:mail_ids AS uuid[]))
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class MailRow:
    """One mail of the outbox; `now` is PostgreSQL's clock when it was read."""

    mail_id: UUID
    ticket_id: str | None
    template: str
    language: str
    lane: str
    rank: int
    message_id: str
    content: dict[str, Any]
    queued_at: datetime
    now: datetime
    recipients: Sequence[str] = ()

    @property
    def is_urgent(self) -> bool:
        """Safety or an urgent ticket."""
        return self.rank <= 1

    def news_moments(self) -> Iterator[datetime]:
        return (datetime.fromisoformat(change["at"]) for change in self.content.get("news", []))

    def happened(self, details: TicketDetails) -> datetime:
        """Return when the first event that this mail reports happened."""
        return min(self.news_moments(), default=details.event_at)

    def is_late(self, details: TicketDetails, most: timedelta, bundled: timedelta) -> bool:
        """Whether more time went by than should have; updates may be bundled, a reminder begins when queued."""
        if self.template == "ticket_unacknowledged":
            return self.now - self.queued_at > most
        may_wait = bundled if self.template == "ticket_updated" and self.lane == "normal" else timedelta()
        return self.now - self.happened(details) > most + may_wait


def load_mails(connection: Connection, mail_ids: Sequence[UUID]) -> list[MailRow]:
    """The mails with these ids; one statement."""
    rows = fetch(connection, _READ, {"mail_ids": [str(mail_id) for mail_id in mail_ids]})
    return [MailRow(**row) for row in rows]
