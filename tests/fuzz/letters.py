"""The pages that show words from outside, of a story in which all say the same, and what their HTML is made of."""

from dataclasses import replace
from typing import Final

from services.mail.compose import composed_of
from services.mail.mime import MailContent
from services.mail.outbox_row import MailRow
from services.mail.render import letter_of
from services.ticket_details import TicketDetails
from tests.fuzz.hostile import full_story, spoilt
from tests.services.mail.letters import read, settings_for
from worker.desk.actions import ShownTicket
from worker.desk.pages import ticket_html
from worker.preview.mail_rows import mail_of

TEMPLATES: Final = ("ticket_opened", "ticket_updated", "ticket_unacknowledged", "customer_notice", "test")
# They come and go with lines and with the length of a name, and hold nothing but text.
INLINE: Final = frozenset({"br", "bdi"})

Elements = list[tuple[str, tuple[str, ...]]]


def mail_saying(template: str, details: TicketDetails, words: str, language: str = "en") -> MailRow:
    """A mail whose own content says it too."""
    mail = mail_of(template, details, language)
    if template == "test":
        return replace(mail, ticket_id=None, content={"subject": words, "text": words})
    if template == "ticket_unacknowledged":
        somebody = {"name": words}
        return replace(mail, content={**mail.content, "contact": somebody, "previous": somebody})
    return mail


def letter_saying(template: str, words: str, language: str = "en") -> MailContent:
    details = spoilt(full_story(language), words)
    mail = mail_saying(template, details, words, language)
    return letter_of(mail, details if mail.ticket_id else None, settings_for(language))


def message_saying(template: str, words: str) -> bytes:
    """The whole message as it is handed to a mail server."""
    details = spoilt(full_story(), words)
    mail = replace(mail_saying(template, details, words), recipients=("support@example.com",))
    return composed_of(mail, details if mail.ticket_id else None, settings_for(), short=False).message


def desk_pages_saying(words: str) -> tuple[str, str]:
    """The page of an open ticket, where something was just refused, and of a solved one."""
    details = spoilt(full_story(), words)
    now = details.ticket.opened_at
    settings = settings_for(link_secret="a secret of thirty-two characters", public_url="https://desk.example.com")
    open_story = replace(
        details, ticket=replace(details.ticket, status="open", acknowledged_at=None, acknowledged_by=None)
    )
    refused = ShownTicket(open_story, {}, now, wrong=words, failed="note", typed={"note": words}, name=words)
    solved = ShownTicket(details, {"low_confidence": words}, now, said=words)
    return ticket_html(refused, "token", settings), ticket_html(solved, "token", settings)


def elements(html: str | None) -> Elements:
    """Each element with the names of its attributes; what they hold may differ."""
    found = read(html)
    return [(tag, tuple(sorted(attributes))) for tag, attributes in found.tags if tag not in INLINE]


def targets(html: str | None) -> list[str | None]:
    """Where links, forms and styles lead."""
    names = ("href", "src", "action", "srcset", "background", "srcdoc", "data", "formaction")
    return [attributes[name] for _, attributes in read(html).tags for name in names if name in attributes]
