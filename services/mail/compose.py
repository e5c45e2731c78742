"""Mails of the outbox as messages to send."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import structlog
from sqlalchemy import Connection

from config.settings import Settings, get_settings
from rules.delivery import MailTemplate
from services.mail.context.digest import add_ticket_links
from services.mail.headers import letterhead
from services.mail.mime import build
from services.mail.outbox_row import MailRow, load_mails
from services.mail.render import letter_of, short_letter_of
from services.monitoring.log_context import mail_trace
from services.ticket_details import TicketDetails, load_ticket_details
from services.tickets.signed_links import digest_link, link

logger = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ComposedMail:
    """A whole message (RFC 5322, CRLF); `needs_smtputf8` when a header holds an address beyond ASCII (RFC 6532)."""

    mail_id: UUID
    message: bytes
    subject: str
    needs_smtputf8: bool

    @property
    def size(self) -> int:
        """In bytes, to compare with the server's SIZE (RFC 1870)."""
        return len(self.message)


@dataclass(frozen=True, slots=True)
class LoadedMail:
    """All that a message is made of; `details` are those of its ticket, if it is about one."""

    row: MailRow
    details: TicketDetails | None


def load_for_composing(connection: Connection, mail_ids: Sequence[UUID]) -> dict[UUID, LoadedMail]:
    """What these mails are made of, by id; a mail whose ticket is gone is not among them."""
    mails = load_mails(connection, mail_ids)
    details_by_ticket = load_ticket_details(connection, {mail.ticket_id for mail in mails if mail.ticket_id})
    loaded = {}
    for mail in mails:
        details = details_by_ticket.get(mail.ticket_id or "")
        if mail.ticket_id and details is None:
            logger.error("mail_without_ticket", ticket_id=mail.ticket_id, **mail_trace(connection, mail.mail_id))
        else:
            loaded[mail.mail_id] = LoadedMail(mail, details)
    return loaded


def compose_loaded(loaded: LoadedMail, trace: Mapping[str, str | None], *, short: bool) -> ComposedMail:
    """The message; short where a mistake of ours would else keep an urgent mail from leaving at all.

    :param short: some lines of plain text only, for a server that refused the full message
    :param trace: what the log says of the mail then
    """
    settings = get_settings()
    try:
        return composed_of(loaded.row, loaded.details, settings, short)
    except Exception:
        if short:
            raise
        logger.exception("mail_rendered_short", template=loaded.row.template, **trace)
        return composed_of(loaded.row, loaded.details, settings, short=True)


def compose(connection: Connection, mail_ids: Sequence[UUID], *, short: bool = False) -> dict[UUID, ComposedMail]:
    """The messages of these mails, by id; a mail whose ticket is gone is not among them."""
    loaded = load_for_composing(connection, mail_ids)
    return {mail_id: compose_loaded(mail, {"mail_id": str(mail_id)}, short=short) for mail_id, mail in loaded.items()}


def composed_of(mail: MailRow, details: TicketDetails | None, settings: Settings, short: bool) -> ComposedMail:
    page = link(details.ticket.ticket_id, settings) if details else None
    if mail.template == MailTemplate.TICKET_DIGEST:
        mail, page = add_ticket_links(mail, settings), digest_link(mail.mail_id, settings)
    letter = (short_letter_of if short else letter_of)(mail, details, settings, page)
    headers = letterhead(mail, details, letter.subject, settings)
    return ComposedMail(
        mail_id=mail.mail_id,
        message=build(headers, letter, mail.mail_id.hex),
        subject=letter.subject,
        needs_smtputf8=not all(header.isascii() for header in headers),
    )
