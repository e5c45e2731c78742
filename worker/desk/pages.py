"""The page's HTML: the parts of the mail, so that it shows nothing that the mail does not, and the forms."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

from config.settings import TEMPLATES_FOLDER, Settings
from rules.ticket_states import FEEDBACK_WORDS, UNFINISHED
from services.mail.context.ticket import ticket_variables
from services.mail.i18n.formatting import LocaleFormatter
from services.mail.i18n.labels import REASONS
from services.mail.i18n.presenter import Presenter, TextLimits
from services.mail.outbox_row import MailRow
from services.ticket_details import TicketDetails
from services.tickets.signed_links import form_token
from worker.desk.words import environment, words_in

_STYLES = (Path("mail.css"), Path("desk/desk.css"))
# The mail's attachment holds everything, so the page may show more than the mail's own body.
_LIMITS = TextLimits(long=8_000, short=2_000, entries=100, head=50, tail=250)
_NO_MAIL = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Shown:
    """A ticket as its page shows it; `said` is the answer to what was just done, `wrong` what was refused."""

    details: TicketDetails
    verdicts: Mapping[str, str]
    said: str = ""
    wrong: str = ""


@lru_cache(maxsize=1)
def styles() -> str:
    """The mail's style sheet and the page's own."""
    return "\n".join((TEMPLATES_FOLDER / path).read_text(encoding="utf-8") for path in _STYLES)


def ticket_html(shown: Shown, token: str, settings: Settings) -> str:
    """The ticket's page; its forms go to the link that it was opened with."""
    details = shown.details
    place = details.user.time_zone if details.user else None
    formatter = LocaleFormatter(
        settings.support_language, ZoneInfo(settings.support_time_zone), ZoneInfo(place) if place else None
    )
    presenter = Presenter(formatter, _LIMITS)
    ticket = details.ticket
    page = {
        **ticket_variables(_as_mail(details), details, presenter, settings, None),
        "late": "",
        "said": shown.said,
        "wrong": shown.wrong,
        "token": token,
        "form": form_token(ticket.ticket_id, settings),
        "unfinished": ticket.status in UNFINISHED,
        "taken_by": presenter.name(ticket.acknowledged_by),
        "taken_at": formatter.both(ticket.acknowledged_at) if ticket.acknowledged_at else "",
        "solution": presenter.long(ticket.resolution_notes),
        "judged": [
            {"reason": name, "words": presenter.word(name, REASONS), "verdict": shown.verdicts.get(name)}
            for name in ticket.reason_names
            if name in REASONS
        ],
        "verdict_names": FEEDBACK_WORDS,
    }
    return environment(settings.support_language).get_template("desk/ticket.html").render(page)


def _as_mail(details: TicketDetails) -> MailRow:
    """The mail that told of the ticket first: the page shows the same."""
    return MailRow(
        mail_id=_NO_MAIL,
        ticket_id=details.ticket.ticket_id,
        template="ticket_opened",
        language="en",
        lane="normal",
        rank=4,
        message_id="",
        content={},
        queued_at=details.ticket.opened_at,
        now=datetime.now(UTC),
    )


def message_html(title: str, text: str, settings: Settings) -> str:
    """A page that only says something."""
    said = words_in(settings.support_language).gettext
    page = {"title": said(title), "text": said(text)}
    return environment(settings.support_language).get_template("desk/message.html").render(page)
