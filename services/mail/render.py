"""From a mail's row and its ticket's story to subject, text, HTML and attachment."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final
from zoneinfo import ZoneInfo

from config.mail_settings import MailSettings
from services.mail.context.ticket import customer_page, first_screen, ticket_page
from services.mail.context.transcript import transcript
from services.mail.i18n.catalogs import known_language
from services.mail.i18n.formatting import Manners
from services.mail.i18n.presenter import SCALES, Teller
from services.mail.jinja import environment
from services.mail.mime import Attachment, Letter
from services.mail.outbox_row import CUSTOMER_NOTICE, MailRow
from services.mail.sanitize import clean, one_line
from services.ticket_details import Story

SHORT: Final = "short.txt"


def letter_of(mail: MailRow, story: Story | None, settings: MailSettings, link: str | None = None) -> Letter:
    """The whole letter."""
    manners = manners_of(mail, story, settings)
    if story is None:
        return rendered(mail.template, plain_page(mail), manners.language)
    if mail.template == CUSTOMER_NOTICE:
        return rendered(mail.template, notice_page(mail, story, manners, settings), manners.language)
    return ticket_letter(mail, story, manners, settings, link)


def ticket_letter(mail: MailRow, story: Story, manners: Manners, settings: MailSettings, link: str | None) -> Letter:
    """Told as fully as keeps the HTML below the limit; all of the session is attached where something was cut."""
    for limits in SCALES:
        teller = Teller(manners, limits)
        made = rendered(mail.template, ticket_page(mail, story, teller, settings, link), manners.language)
        if len((made.html or "").encode()) < settings.mail_html_bytes:
            break
    if not teller.shortened:
        return made
    whole = transcript(story, teller, settings.mail_attachment_bytes)
    return replace(made, attachment=Attachment(f"{attachment_name(story)}.txt", whole))


def short_letter_of(mail: MailRow, story: Story | None, settings: MailSettings, link: str | None = None) -> Letter:
    """A few lines of plain text, for a server that refused the letter itself."""
    manners, body = manners_of(mail, story, settings), f"{mail.template}/body.txt"
    if story is None:
        page = plain_page(mail)
    elif mail.template == CUSTOMER_NOTICE:
        page = notice_page(mail, story, manners, settings)
    else:
        page, body = first_screen(mail, story, Teller(manners, SCALES[-1]), settings, link), SHORT
    subject, text = texts([f"{mail.template}/subject.txt", body], page, manners.language)
    return Letter(subject, text)


def manners_of(mail: MailRow, story: Story | None, settings: MailSettings) -> Manners:
    """The support team's manners, or the user's own for a mail to the user."""
    support = ZoneInfo(settings.support_time_zone)
    place = story.user.time_zone if story and story.user else None
    customer = ZoneInfo(place) if place else None
    if mail.template == CUSTOMER_NOTICE:
        return Manners(known_language(mail.language), customer or support)
    return Manners(settings.support_language, support, customer)


def notice_page(mail: MailRow, story: Story, manners: Manners, settings: MailSettings) -> dict[str, Any]:
    teller = Teller(manners)
    return {**first_screen(mail, story, teller, settings, None), **customer_page(story, teller)}


def plain_page(mail: MailRow) -> dict[str, Any]:
    """A mail about no ticket says what it was queued with."""
    return {
        "subject": one_line(mail.content["subject"]),
        "title": one_line(mail.content["subject"]),
        "text": clean(mail.content["text"]),
        "preheader": "",
        "priority": "low",
    }


def rendered(folder: str, page: Mapping[str, Any], language: str) -> Letter:
    names = [f"{folder}/{name}" for name in ("subject.txt", "body.txt", "body.html")]
    subject, text, html = texts(names, page, language)
    return Letter(subject, text, html)


def texts(names: Iterable[str], page: Mapping[str, Any], language: str) -> list[str]:
    templates = map(environment(language).get_template, names)
    return [template.render(page) for template in templates]


def attachment_name(story: Story) -> str:
    """ASCII that no mail program or file system minds."""
    return "".join(letter for letter in story.ticket.number if letter.isascii() and (letter.isalnum() or letter == "-"))
