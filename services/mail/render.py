"""From a mail's row and its ticket's story to subject, text, HTML and attachment."""

from collections.abc import Iterable, Mapping
from typing import Any, Final
from zoneinfo import ZoneInfo

from config.mail_settings import MailSettings
from services.mail.catalogues import known_language
from services.mail.cleaning import clean, one_line
from services.mail.customer import customer_page
from services.mail.environment import environment
from services.mail.message import Attachment, Letter
from services.mail.moments import Manners
from services.mail.page import ticket_page
from services.mail.rows import CUSTOMER_NOTICE, MailRow
from services.mail.teller import SCALES, Teller
from services.mail.transcript import transcript
from services.story import Story

SHORT: Final = "short.txt"


def letter_of(mail: MailRow, story: Story | None, settings: MailSettings, link: str | None = None) -> Letter:
    """The letter, told as fully as keeps its HTML below the limit; all of the session is attached where it is cut."""
    manners = manners_of(mail, story, settings)
    if story is None:
        return rendered(mail.template, plain_page(mail), manners.language)
    for limits in SCALES:
        teller = Teller(manners, limits)
        made = rendered(mail.template, page_of(mail, story, teller, settings, link), manners.language)
        if len((made.html or "").encode()) < settings.mail_html_bytes:
            break
    if not teller.shortened or mail.template == CUSTOMER_NOTICE:
        return made
    whole = transcript(story, teller, settings.mail_attachment_bytes)
    return Letter(made.subject, made.text, made.html, Attachment(f"{attachment_name(story)}.txt", whole))


def short_letter_of(mail: MailRow, story: Story | None, settings: MailSettings, link: str | None = None) -> Letter:
    """A few lines of plain text, for a server that refused the letter itself."""
    manners = manners_of(mail, story, settings)
    page = page_of(mail, story, Teller(manners, SCALES[-1]), settings, link) if story else plain_page(mail)
    body = SHORT if story and mail.template != CUSTOMER_NOTICE else f"{mail.template}/body.txt"
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


def page_of(mail: MailRow, story: Story, teller: Teller, settings: MailSettings, link: str | None) -> dict[str, Any]:
    told = customer_page(story, teller) if mail.template == CUSTOMER_NOTICE else {}
    return {**ticket_page(mail, story, teller, settings, link), **told}


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
