"""Everything that the templates of a ticket's mails show, told in the reader's words."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from config.mail_settings import MailSettings
from rules.recommendation import WhyPart
from services.mail.context.changes import danger_in, is_danger, news_of
from services.mail.context.confidence_chart import chart
from services.mail.context.contact_buttons import action, buttons, call, helper
from services.mail.context.conversation import conversation, steps, summary
from services.mail.context.facts import about_machine, about_ticket, about_user, lines
from services.mail.context.headline import headline, machine_label, preheader, priority_of, who
from services.mail.context.reasons import grounds, last_words
from services.mail.i18n.labels import CATEGORIES, HURT, LEVELS, PRIORITIES, UNKNOWN, WHY
from services.mail.i18n.presenter import Presenter
from services.mail.outbox_row import MailRow
from services.mail.sanitize import one_line
from services.ticket_details import Advice, ContactCard, TicketDetails


def customer_page(details: TicketDetails, presenter: Presenter) -> dict[str, Any]:
    """Variables beside those of every ticket; `informed` only when a server accepted a support mail."""
    helper = details.advice.primary if details.advice else ContactCard()
    return {
        "called": presenter.name(details.user.called) if details.user else "",
        "informed": any(one.template == "ticket_opened" and one.state == "accepted" for one in details.recipients),
        "helper": presenter.name(helper.name),
        "helper_phone": presenter.name(helper.phone),
        "helper_call": next((button.href for button in call("", helper.phone or "")), ""),
        "helper_hours": presenter.name(helper.hours),
        "callback_phone": one_line(details.callback_phone),
    }


def ticket_page(
    mail: MailRow, details: TicketDetails, presenter: Presenter, settings: MailSettings, link: str | None
) -> dict[str, Any]:
    """The variables of the ticket templates."""
    return {**first_screen(mail, details, presenter, settings, link), **_sections(details, presenter)}


def first_screen(
    mail: MailRow, details: TicketDetails, presenter: Presenter, settings: MailSettings, link: str | None
) -> dict[str, Any]:
    """Those of a short mail: enough to act on."""
    priority, why = priority_of(details), grounds(details, presenter)
    return {
        "number": presenter.name(details.ticket.number),
        "title": presenter.name(details.ticket.number),
        "priority": priority,
        "priority_words": presenter.say(PRIORITIES[priority]),
        "headline": headline(details, presenter, danger_in(mail.content, details)),
        "reply_mark": "" if is_danger(mail.content) else "Re: ",
        "machine_label": machine_label(details),
        "preheader": preheader(details, presenter),
        "late": late(mail, details, presenter, settings),
        "hurt": _hurt(details, presenter),
        "nobody_hurt": details.hurt == "denied",
        "grounds": why,
        "further": why if mail.template == "ticket_updated" else why[1:],
        "who": who(details, presenter),
        "last_words": last_words(details, presenter),
        "notes": [presenter.long(text) for text in details.notes],
        "news": news_of(mail.content, details, presenter),
        "chase": _chase(mail, presenter) if mail.template == "ticket_unacknowledged" else None,
        "buttons": buttons(details, presenter),
        "link": link,
        "recipients": [presenter.name(address) for address in mail.recipients],
        "safety": details.ticket.safety,
    }


def _hurt(details: TicketDetails, presenter: Presenter) -> str:
    """Whether anyone is hurt; that nobody knows matters only where there is danger."""
    return presenter.say(HURT[details.hurt]) if details.ticket.safety or details.hurt != "unknown" else ""


def late(mail: MailRow, details: TicketDetails, presenter: Presenter, settings: MailSettings) -> str:
    """How old the event is, where the mail leaves late."""
    most, bundled = timedelta(seconds=settings.mail_late_seconds), timedelta(seconds=settings.mail_bundle_seconds)
    if not mail.is_late(details, most, bundled):
        return ""
    happened = mail.happened(details)
    return presenter.say(
        "This mail is late: what it tells happened %(age)s ago, on %(moment)s.",
        age=presenter.formatter.duration(mail.now - happened),
        moment=presenter.formatter.both(happened),
    )


def _chase(mail: MailRow, presenter: Presenter) -> dict[str, Any]:
    """Who was asked before, since when nobody has answered, and whether anybody comes after this reader."""
    since = datetime.fromisoformat(mail.content["waiting_since"])
    return {
        "waiting": presenter.formatter.duration(mail.queued_at - since),
        "since": presenter.formatter.since(since, mail.queued_at),
        "previous": presenter.name(mail.content["previous"]["name"]),
        "contact": presenter.name(mail.content["contact"]["name"]),
        "is_last": mail.content["is_last"],
    }


def _sections(details: TicketDetails, presenter: Presenter) -> dict[str, Any]:
    """The variables of the sections."""
    return {
        "user": about_user(details, presenter),
        "machine": about_machine(details, presenter),
        "ticket": about_ticket(details, presenter),
        "unknown": [presenter.say(UNKNOWN[word]) for word in details.unknown],
        "tried": summary(details, presenter),
        "diagnosis": _diagnosis(details, presenter),
        "chart": chart(details, presenter),
        "steps": steps(details, presenter),
        "conversation": conversation(details, presenter),
        "contact": _contact(details, presenter),
        "action": action(details, presenter),
        "related": _related(details, presenter),
    }


def why(advice: Advice, presenter: Presenter) -> Iterator[str]:
    """The grounds for the contact; another writer's are shown as they are."""
    if not advice.why_parts and advice.why:
        yield presenter.short(advice.why)
    for part in advice.why_parts:
        moment = presenter.formatter.both(part.moment) if part.moment else ""
        yield presenter.say(WHY[part.code], subject=_subject_of(part, presenter), moment=moment)


def _subject_of(part: WhyPart, presenter: Presenter) -> str:
    """A language, a kind of problem or a country, in the reader's words."""
    if part.code in {"language", "other_language"}:
        return presenter.formatter.language_name(presenter.name(part.subject))
    if part.code in {"region", "other_region"}:
        return presenter.formatter.country(presenter.name(part.subject))
    return presenter.word(part.subject, CATEGORIES)


def _diagnosis(details: TicketDetails, presenter: Presenter) -> dict[str, Any] | None:
    """The latest diagnosis in the reader's words; None where there is none."""
    latest = details.conversation.diagnosis
    if latest is None:
        return None
    minutes = latest.estimated_minutes
    return {
        "category": presenter.word(latest.category, CATEGORIES),
        "level": presenter.word(latest.confidence_level, LEVELS),
        "confidence": "" if latest.confidence is None else presenter.formatter.percent(latest.confidence),
        "requires_expert": latest.requires_expert,
        "warnings": presenter.shorts(latest.safety_warnings),
        "causes": presenter.shorts(latest.likely_causes),
        "advised": presenter.shorts(latest.recommended_steps),
        "duration": "" if minutes is None else presenter.formatter.duration(timedelta(minutes=minutes)),
    }


def _contact(details: TicketDetails, presenter: Presenter) -> dict[str, Any] | None:
    """The recommended contact, why, and the others; None where none was recommended."""
    if details.advice is None:
        return None
    number = details.ticket.number
    return {
        "primary": helper(details.advice.primary, number, presenter),
        "others": [helper(card, number, presenter) for card in details.advice.alternatives],
        "why": presenter.formatter.comma.join(why(details.advice, presenter)),
    }


def _related(details: TicketDetails, presenter: Presenter) -> list[tuple[str, list[str]]]:
    """Other tickets that the reader should know of, by what they have in common with this one."""
    groups = [
        (presenter.say("Earlier tickets of this session"), details.earlier_tickets),
        (presenter.say("Other open tickets of this machine"), details.machine_tickets),
        (presenter.say("Other open tickets of this user"), details.user_tickets),
    ]
    return [(label, lines(tickets, presenter)) for label, tickets in groups if tickets]
