"""The header fields of a mail: fixed ids and date, one thread a ticket, and no answer from a machine."""

from email.utils import format_datetime
from typing import Final

from config.mail_settings import MailSettings
from services.database.encoding import identity
from services.mail.headers import address_of, field, mailbox, mailboxes, visible
from services.mail.rows import CUSTOMER_NOTICE, MailRow
from services.story import Story

# Longer ids in References are folded by encoding them, and then no longer match.
LONGEST_ID: Final = 68
# RFC 3834, section 5, and Microsoft's own way to keep absence notes and receipts away.
AUTOMATIC: Final = (
    "Auto-Submitted: auto-generated",
    "X-Auto-Response-Suppress: OOF, AutoReply, DR, RN, NRN",
)
URGENT: Final = ("Importance: high", "X-Priority: 1")


def letterhead(mail: MailRow, story: Story | None, subject: str, settings: MailSettings) -> list[str]:
    """All fields but those of MIME."""
    sender = address_of(settings.sender) or settings.sender
    fields = [
        f"Message-ID: {mail.message_id}",
        f"Date: {format_datetime(mail.queued_at)}",
        mailbox("From", settings.from_name, sender),
        mailboxes("To", visible(mail.recipients)),
        *reply_to(mail, story, settings),
        field("Subject", subject),
        *AUTOMATIC,
        field("X-Notification-ID", str(mail.mail_id)),
    ]
    if story is not None:
        root = thread_root(story.ticket.ticket_id, mail.message_id)
        fields += [f"In-Reply-To: {root}", f"References: {root}", field("X-Ticket-ID", story.ticket.number)]
    return [*fields, *URGENT] if mail.is_urgent else fields


def reply_to(mail: MailRow, story: Story | None, settings: MailSettings) -> list[str]:
    """Answers go to the other side: the user's to the team, the team's to the user."""
    if mail.template == CUSTOMER_NOTICE:
        addresses = [address_of(address) for address in settings.support_email]
    else:
        addresses = [address_of(story.user.email) if story and story.user else None]
    known = [address for address in addresses if address and address.isascii()]
    return [mailboxes("Reply-To", known)] if known else []


def thread_root(ticket_id: str, message_id: str) -> str:
    """The id of a message that was never sent, to which all mails of a ticket are answers (RFC 5322, 3.6.4)."""
    domain = message_id.rpartition("@")[2].rstrip(">")
    local = identity("thread", ticket_id).hex[:20]
    return f"<{local}@{domain[-(LONGEST_ID - len(local) - 3) :].lstrip('.-')}>"
