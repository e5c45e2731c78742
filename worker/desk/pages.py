"""The ticket's page: the parts of the mail, so that it shows nothing that the mail does not, and the forms."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from config.settings import Settings
from rules.reasons import Priority, Reason
from rules.ticket_states import FEEDBACK_WORDS, UNFINISHED
from services.mail.context.ticket import ticket_variables
from services.mail.i18n.labels import REASONS
from services.mail.i18n.locale import LocaleFormatter
from services.mail.i18n.presenter import Presenter, TextLimits
from services.mail.outbox_row import MailRow
from services.ticket_details import TicketDetails, TimelineEntry
from services.tickets.signed_links import form_token
from worker.desk.actions import ShownTicket
from worker.desk.render import render_page
from worker.desk.words import words_in

# More than a mail shows, and below 60 KB; all of it is one link away.
_LIMITS = TextLimits(long=4_000, short=2_000, entries=60, head=10, tail=50)
_WHOLE = TextLimits(long=1_000_000, short=1_000_000, entries=1_000_000, head=1_000_000, tail=0)
_NO_MAIL = UUID(int=0)
_SNOOZE_MINUTES = (15, 60, 240, 1_440, 4_320)


def ticket_html(shown: ShownTicket, token: str, settings: Settings, list_link: str | None = None) -> str:
    """Render the ticket's page; its forms go to the link that it was opened with."""
    details, ticket = shown.details, shown.details.ticket
    place = details.user.time_zone if details.user else None
    formatter = LocaleFormatter(
        settings.support_language, ZoneInfo(settings.support_time_zone), ZoneInfo(place) if place else None
    )
    presenter = Presenter(formatter, _WHOLE if shown.whole else _LIMITS)
    variables = {
        **ticket_variables(_as_mail(details), details, presenter, settings, None),
        "said": shown.said,
        "wrong": shown.wrong,
        "failed": shown.failed,
        "typed": {"note": "", **shown.typed},
        "name": shown.name,
        "token": token,
        "list_link": list_link,
        "form": form_token(ticket.ticket_id, settings),
        "status": ticket.status,
        "danger_count": _count_danger(details),
        "timeline": [_present_entry(entry, presenter) for entry in shown.timeline],
        **_holder_variables(shown, presenter),
        **_choice_variables(shown, presenter),
    }
    shortened = presenter.shortened and not shown.whole
    return render_page("desk/ticket.html", {**variables, "shortened": shortened}, settings)


def _holder_variables(shown: ShownTicket, presenter: Presenter) -> dict[str, Any]:
    """Who has it, since when, and until when nobody is reminded."""
    ticket, formatter, now = shown.details.ticket, presenter.formatter, shown.now
    snoozed = ticket.snoozed_until if ticket.snoozed_until and ticket.snoozed_until > now else None
    return {
        "unfinished": ticket.status in UNFINISHED,
        "taken_by": presenter.name(ticket.acknowledged_by),
        "taken_at": formatter.since(ticket.acknowledged_at, now) if ticket.acknowledged_at else "",
        "waiting": formatter.duration(now - (ticket.waiting_since or ticket.opened_at)),
        "snoozed_until": formatter.since(snoozed, now) if snoozed else "",
        "solution": presenter.long(ticket.resolution_notes),
    }


def _choice_variables(shown: ShownTicket, presenter: Presenter) -> dict[str, Any]:
    """What can be chosen: contacts, times to snooze, feedback on each reason."""
    ticket = shown.details.ticket
    most = 60 if ticket.priority == Priority.URGENT else _SNOOZE_MINUTES[-1]
    return {
        "contacts": [
            {
                "key": contact.key,
                "name": contact.name,
                "hours": presenter.formatter.working_hours(contact.hours.describe()),
            }
            for contact in shown.contacts
        ],
        "snoozes": [
            (minutes, presenter.formatter.duration(timedelta(minutes=minutes)))
            for minutes in _SNOOZE_MINUTES
            if minutes <= most
        ],
        "judged": [
            {"reason": name, "words": presenter.word(name, REASONS), "feedback": shown.feedback.get(name)}
            for name in ticket.reason_names
            if name in REASONS
        ],
        "feedback_names": FEEDBACK_WORDS,
    }


def _count_danger(details: TicketDetails) -> int:
    reasons = [reason for reason in details.ticket.reasons if reason.name == Reason.SAFETY_CONCERN]
    return sum(len(reason.evidence) for reason in reasons) + (details.hurt == "said")


def _present_entry(entry: TimelineEntry, presenter: Presenter) -> dict[str, Any]:
    details = entry.details or {}
    until = details.get("until")
    return {
        "kind": entry.kind,
        "code": entry.code,
        "state": entry.state,
        "iso": entry.at.isoformat(),
        "moment": presenter.formatter.both(entry.at),
        "who": presenter.name(entry.who),
        "address": presenter.name(entry.who),
        "words": presenter.word(entry.code, REASONS),
        "phrase": presenter.short(entry.phrase),
        "contact": presenter.name(details.get("contact")),
        "until": presenter.formatter.both(datetime.fromisoformat(until)) if until else "",
        "note": presenter.long(details.get("note") or details.get("resolution_notes")),
    }


def _as_mail(details: TicketDetails) -> MailRow:
    """Stand for the mail that told of the ticket first: the page shows the same."""
    return MailRow(
        mail_id=_NO_MAIL,
        ticket_id=details.ticket.ticket_id,
        template="ticket_opened",
        language="en",
        lane="normal",
        rank=4,
        message_id="",
        content={},
        # Never late: a page is opened when somebody opens it.
        queued_at=details.event_at,
        now=details.event_at,
    )


def message_html(
    title: str, text: str, settings: Settings, *, again: str = "", typed: Mapping[str, str] | None = None, **more: Any
) -> str:
    """Render a page that only says something; with `again` its form sends once more what was typed."""
    say = words_in(settings.support_language).gettext
    variables = {
        "title": say(title),
        "text": say(text),
        "again": again,
        "typed": typed or {},
        "reload": False,
        "list_link": None,
        **more,
    }
    return render_page("desk/message.html", variables, settings)
