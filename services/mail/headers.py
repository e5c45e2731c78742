"""Header fields that cannot be broken out of: cleaned, encoded and folded (RFC 5322, 2047, 6532)."""

from binascii import b2a_base64
from collections.abc import Sequence
from email.utils import format_datetime, formataddr
from functools import lru_cache
from itertools import pairwise
from typing import Final

from email_validator import EmailNotValidError, validate_email

from config.mail_settings import MailSettings
from services.database.encoding import derive_id
from services.mail.outbox_row import CUSTOMER_NOTICE, MailRow
from services.mail.sanitize import cut, one_line
from services.ticket_details import TicketDetails

LINE_END: Final = "\r\n"
_LONGEST_LINE: Final = 76
_BYTES_PER_WORD: Final = 36
LONGEST_VALUE: Final = 400


@lru_cache(maxsize=256)
def address_of(text: str | None) -> str | None:
    """The bare address with its domain in ASCII (IDNA); None where the text is none."""
    try:
        found = validate_email(text or "", check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError:
        return None
    return f"{found.local_part}@{found.ascii_domain}"


def field(name: str, value: str) -> str:
    """A field of free text: whatever could begin another line is gone; what is long or not ASCII is encoded."""
    text = cut(one_line(value), LONGEST_VALUE)
    plain = text.isascii() and len(name) + len(text) < _LONGEST_LINE and "=?" not in text
    return f"{name}: {text if plain else _encoded_words(text)}"


def _encoded_words(text: str) -> str:
    """The text in base64, a line each few letters, none of them cut in two: no word is longer than 75 characters, no
    line than 76 (RFC 2047, sections 2 and 5).

    Written here since the standard library's way takes longer than the rest of a message.
    """
    content, starts = text.encode(), [0]
    while (end := starts[-1] + _BYTES_PER_WORD) < len(content):
        while content[end] & 0xC0 == 0x80:  # in the midst of a letter
            end -= 1
        starts.append(end)
    parts = (content[start:end] for start, end in pairwise([*starts, len(content)]))
    words = (f"=?utf-8?b?{b2a_base64(part, newline=False).decode()}?=" for part in parts)
    return f"{LINE_END} ".join(words)


@lru_cache(maxsize=64)
def mailbox(name: str, display: str, address: str) -> str:
    """A field with one address and the name to show beside it."""
    if not address.isascii():
        return f"{name}: {address}"
    shown = cut(one_line(display), LONGEST_VALUE)
    if shown.isascii() and "=?" not in shown:
        return f"{name}: {formataddr((shown, address))}"
    return f"{name}: {_encoded_words(shown)}{LINE_END} <{address}>"


def _mailboxes(name: str, addresses: Sequence[str]) -> str:
    """A field with several addresses, each on a line of its own."""
    return f"{name}: {f',{LINE_END} '.join(addresses)}"


def visible(addresses: Sequence[str]) -> list[str]:
    """The addresses for the To field.

    One that is not ASCII would make the whole message need SMTPUTF8 and so cut off readers whose server lacks it
    (RFC 6531, 3.2); it stands there only when there is no other.
    """
    known = [address for address in map(address_of, addresses) if address]
    return [address for address in known if address.isascii()] or known


# Longer ids in References are folded by encoding them, and then no longer match.
_LONGEST_ID: Final = 68
# RFC 3834, section 5, and Microsoft's own way to keep absence notes and receipts away.
_AUTOMATIC: Final = (
    "Auto-Submitted: auto-generated",
    "X-Auto-Response-Suppress: OOF, AutoReply, DR, RN, NRN",
)
URGENT: Final = ("Importance: high", "X-Priority: 1")


def letterhead(mail: MailRow, details: TicketDetails | None, subject: str, settings: MailSettings) -> list[str]:
    """All fields but those of MIME."""
    sender = address_of(settings.sender) or settings.sender
    fields = [
        f"Message-ID: {mail.message_id}",
        f"Date: {format_datetime(mail.queued_at)}",
        mailbox("From", settings.from_name, sender),
        _mailboxes("To", visible(mail.recipients)),
        *_reply_to(mail, details, settings),
        field("Subject", subject),
        *_AUTOMATIC,
        field("X-Notification-ID", str(mail.mail_id)),
    ]
    if details is not None:
        root = thread_root(details.ticket.ticket_id, mail.message_id)
        fields += [f"In-Reply-To: {root}", f"References: {root}", field("X-Ticket-ID", details.ticket.number)]
    return [*fields, *URGENT] if mail.is_urgent else fields


def _reply_to(mail: MailRow, details: TicketDetails | None, settings: MailSettings) -> list[str]:
    """Answers go to the other side: the user's to the team, the team's to the user."""
    if mail.template == CUSTOMER_NOTICE:
        addresses = [address_of(address) for address in settings.support_email]
    else:
        addresses = [address_of(details.user.email) if details and details.user else None]
    known = [address for address in addresses if address and address.isascii()]
    return [_mailboxes("Reply-To", known)] if known else []


def thread_root(ticket_id: str, message_id: str) -> str:
    """The id of a message that was never sent, to which all mails of a ticket are answers (RFC 5322, 3.6.4)."""
    domain = message_id.rpartition("@")[2].rstrip(">")
    local = derive_id("thread", ticket_id).hex[:20]
    return f"<{local}@{domain[-(_LONGEST_ID - len(local) - 3) :].lstrip('.-')}>"
