"""What came of the played sessions: read from PostgreSQL and from the mails that the local server kept."""

import email
import email.policy
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path
from uuid import UUID

from sqlalchemy import Connection, text

from rules.reasons import by_gravity

# What the second ear publishes itself (`text.judged`) was not played.
COUNTS = text("""
    SELECT count(*) AS decided, max(published_at) AS last_published_at,
           (SELECT count(*) FROM escalation.rejected_events WHERE session_id = :session_id) AS rejected,
           (SELECT count(*) FROM escalation.confirmations WHERE session_id = :session_id) AS questions
    FROM escalation.event_inbox WHERE session_id = :session_id AND type <> 'text.judged'
""")
TICKETS = text("""
    SELECT own.ticket_id, shared.ticket_number, shared.priority, own.reasons, session.status
    FROM escalation.tickets AS own
    JOIN public.support_tickets AS shared ON shared.id = own.ticket_id
    JOIN public.ai_sessions AS session ON session.id = own.session_id
    WHERE own.session_id = :session_id ORDER BY own.ordinal
""")
MAILS = text("""
    SELECT m.mail_id, m.ticket_id, m.template, m.message_id, r.state, r.reply, r.accepted_at
    FROM escalation.mails AS m JOIN escalation.mail_recipients AS r ON r.mail_id = m.mail_id
    WHERE m.session_id = :session_id ORDER BY m.queued_at, r.address
""")


@dataclass(frozen=True, slots=True)
class PlayedTicket:
    """A ticket that a session led to."""

    ticket_id: str
    number: str
    priority: str
    reasons: tuple[str, ...]
    session_status: str


@dataclass(slots=True)
class PlayedMail:
    """A mail of a session; accepted when every recipient's server took it."""

    mail_id: UUID
    ticket_id: str | None
    template: str
    message_id: str
    states: list[str] = field(default_factory=list)
    replies: list[str] = field(default_factory=list)
    accepted_at: datetime | None = None

    @property
    def accepted(self) -> bool:
        return set(self.states) == {"accepted"}


@dataclass(slots=True)
class SessionResult:
    """What came of a session so far."""

    decided: int = 0
    rejected: int = 0
    last_published_at: datetime | None = None
    tickets: list[PlayedTicket] = field(default_factory=list)
    mails: dict[UUID, PlayedMail] = field(default_factory=dict)
    questions: int = 0

    @property
    def opening(self) -> list[PlayedMail]:
        """The mails that told of a new ticket."""
        return [mail for mail in self.mails.values() if mail.template == "ticket_opened"]

    @property
    def milliseconds(self) -> int | None:
        """From the last event's publication to the acceptance of the ticket's first mail."""
        accepted = [mail.accepted_at for mail in self.opening if mail.accepted_at]
        if not accepted or self.last_published_at is None:
            return None
        return round((min(accepted) - self.last_published_at).total_seconds() * 1000)


def read_outcome(connection: Connection, session_id: str) -> SessionResult:
    """The outcome of a session as it is now."""
    asked = {"session_id": session_id}
    outcome = SessionResult(**connection.execute(COUNTS, asked).mappings().one())
    for row in connection.execute(TICKETS, asked):
        reasons = tuple(by_gravity(row.reasons))
        outcome.tickets.append(PlayedTicket(row.ticket_id, row.ticket_number, row.priority, reasons, row.status))
    for row in connection.execute(MAILS, asked):
        new = PlayedMail(row.mail_id, row.ticket_id, row.template, row.message_id)
        mail = outcome.mails.setdefault(row.mail_id, new)
        mail.states.append(row.state)
        mail.replies += [row.reply] if row.reply else []
        mail.accepted_at = max(filter(None, [mail.accepted_at, row.accepted_at]), default=None)
    return outcome


def read_mails(folder: Path) -> Mapping[str, EmailMessage]:
    """The mails that the local server keeps, by Message-ID."""
    mails = {}
    for path in sorted(folder.glob("*.eml")):
        mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        mails[str(mail["Message-ID"])] = mail
    return mails


def body_of(mail: EmailMessage, subtype: str) -> str:
    """The text of a mail's `plain` or `html` part, empty when there is none."""
    part = mail.get_body((subtype,))
    content = part.get_content() if part else ""
    return content if isinstance(content, str) else ""
