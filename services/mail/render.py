"""From a mail's row and its ticket's story to subject, text, HTML and attachment."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final
from zoneinfo import ZoneInfo

from config.mail_settings import MailSettings
from rules.delivery import MailTemplate
from services.mail.context.conversation import render_transcript
from services.mail.context.digest import digest_variables
from services.mail.context.ticket import first_variables, notice_variables, ticket_variables
from services.mail.i18n.locale import LocaleFormatter, choose_language
from services.mail.i18n.presenter import TEXT_LIMITS, Presenter
from services.mail.jinja import environment
from services.mail.mime import Attachment, MailContent
from services.mail.outbox_row import CUSTOMER_NOTICE, MailRow
from services.mail.sanitize import clean, one_line
from services.ticket_details import TicketDetails

_SHORT: Final = "short.txt"


def letter_of(
    mail: MailRow, details: TicketDetails | None, settings: MailSettings, link: str | None = None
) -> MailContent:
    """The whole letter."""
    formatter = _make_formatter(mail, details, settings)
    if mail.template == MailTemplate.TICKET_DIGEST:
        return _rendered(mail.template, digest_variables(mail, Presenter(formatter), link), formatter.language)
    if details is None:
        return _rendered(mail.template, _plain_page(mail), formatter.language)
    if mail.template == CUSTOMER_NOTICE:
        return _rendered(mail.template, _notice_page(mail, details, formatter, settings), formatter.language)
    return _ticket_letter(mail, details, formatter, settings, link)


def _ticket_letter(
    mail: MailRow, details: TicketDetails, formatter: LocaleFormatter, settings: MailSettings, link: str | None
) -> MailContent:
    """Told as fully as keeps the HTML below the limit; all of the session is attached where something was cut."""
    for limits in TEXT_LIMITS:
        presenter = Presenter(formatter, limits)
        made = _rendered(mail.template, ticket_variables(mail, details, presenter, settings, link), formatter.language)
        if _takes_less(made.html or "", settings.mail_html_bytes):
            break
    if not presenter.shortened:
        return made
    whole = render_transcript(details, presenter, settings.mail_attachment_bytes)
    return replace(made, attachment=Attachment(f"{_attachment_name(details)}.txt", whole))


def _takes_less(text: str, size: int) -> bool:
    """Whether it has fewer bytes in UTF-8; no letter has more than four of them."""
    return len(text) * 4 < size or len(text.encode()) < size


def short_letter_of(
    mail: MailRow, details: TicketDetails | None, settings: MailSettings, link: str | None = None
) -> MailContent:
    """A few lines of plain text, for a server that refused the letter itself."""
    formatter, body = _make_formatter(mail, details, settings), f"{mail.template}/body.txt"
    if mail.template == MailTemplate.TICKET_DIGEST:
        page = digest_variables(mail, Presenter(formatter, TEXT_LIMITS[-1]), link)
    elif details is None:
        page = _plain_page(mail)
    elif mail.template == CUSTOMER_NOTICE:
        page = _notice_page(mail, details, formatter, settings)
    else:
        page, body = first_variables(mail, details, Presenter(formatter, TEXT_LIMITS[-1]), settings, link), _SHORT
    subject, text = _render_texts([f"{mail.template}/subject.txt", body], page, formatter.language)
    return MailContent(subject, text)


def _make_formatter(mail: MailRow, details: TicketDetails | None, settings: MailSettings) -> LocaleFormatter:
    """Choose the support team's language and zone, or the user's own for a mail to the user."""
    support = ZoneInfo(settings.support_time_zone)
    place = details.user.time_zone if details and details.user else None
    customer = ZoneInfo(place) if place else None
    if mail.template == CUSTOMER_NOTICE:
        return LocaleFormatter(choose_language(mail.language), customer or support)
    return LocaleFormatter(settings.support_language, support, customer)


def _notice_page(
    mail: MailRow, details: TicketDetails, formatter: LocaleFormatter, settings: MailSettings
) -> dict[str, Any]:
    presenter = Presenter(formatter)
    return {**first_variables(mail, details, presenter, settings, None), **notice_variables(details, presenter)}


def _plain_page(mail: MailRow) -> dict[str, Any]:
    """A mail about no ticket says what it was queued with."""
    return {
        "subject": one_line(mail.content["subject"]),
        "title": one_line(mail.content["subject"]),
        "text": clean(mail.content["text"]),
        "preheader": "",
        "priority": "low",
    }


def _rendered(folder: str, page: Mapping[str, Any], language: str) -> MailContent:
    names = [f"{folder}/{name}" for name in ("subject.txt", "body.txt", "body.html")]
    subject, text, html = _render_texts(names, page, language)
    return MailContent(subject, text, html)


def _render_texts(names: Iterable[str], page: Mapping[str, Any], language: str) -> list[str]:
    templates = map(environment(language).get_template, names)
    return [template.render(page) for template in templates]


def _attachment_name(details: TicketDetails) -> str:
    """ASCII that no mail program or file system minds."""
    return "".join(
        letter for letter in details.ticket.number if letter.isascii() and (letter.isalnum() or letter == "-")
    )
