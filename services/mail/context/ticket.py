"""Everything that the templates of a ticket's mails show, told in the reader's words."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from config.mail_settings import MailSettings
from rules.recommendation import WhyPart
from services.mail.context.changes import find_danger_evidence, has_danger, list_changes
from services.mail.context.confidence_chart import make_chart
from services.mail.context.contact_buttons import list_buttons, make_call_buttons, present_contact, recommend_action
from services.mail.context.conversation import list_messages, list_steps, summarize_steps
from services.mail.context.facts import describe_machine, describe_person, describe_ticket, list_related
from services.mail.context.headline import choose_priority, describe_user, label_machine, make_headline, make_preheader
from services.mail.context.reasons import find_first_note, find_last_words, list_reasons
from services.mail.i18n.labels import CATEGORIES, HOW_SOON, HURT, LEVELS, PRIORITIES, UNKNOWN, WHY
from services.mail.i18n.presenter import Presenter
from services.mail.outbox_row import MailRow
from services.mail.sanitize import one_line
from services.ticket_details import Advice, ContactCard, TicketDetails


def notice_variables(details: TicketDetails, presenter: Presenter) -> dict[str, Any]:
    """Variables beside those of every ticket; `informed` only when a server accepted a support mail."""
    contact = details.advice.primary if details.advice else ContactCard()
    return {
        "called": presenter.name(details.user.called) if details.user else "",
        "informed": any(
            recipient.template == "ticket_opened" and recipient.state == "accepted" for recipient in details.recipients
        ),
        "helper": presenter.name(contact.name),
        "helper_phone": presenter.name(contact.phone),
        "helper_call": next((button.href for button in make_call_buttons("", contact.phone or "")), ""),
        "helper_hours": presenter.formatter.working_hours(presenter.name(contact.hours)),
        "callback_phone": one_line(details.callback_phone),
    }


def ticket_variables(
    mail: MailRow, details: TicketDetails, presenter: Presenter, settings: MailSettings, link: str | None
) -> dict[str, Any]:
    """The variables of the ticket templates."""
    return {**first_variables(mail, details, presenter, settings, link), **_sections(details, presenter)}


def first_variables(
    mail: MailRow, details: TicketDetails, presenter: Presenter, settings: MailSettings, link: str | None
) -> dict[str, Any]:
    """Those of a short mail: enough to act on."""
    priority, reasons = choose_priority(details), list_reasons(details, presenter)
    buttons = list_buttons(details, presenter)
    first_note, notes = find_first_note(details, presenter), [presenter.long(text) for text in details.notes]
    return {
        "number": presenter.name(details.ticket.number),
        "title": presenter.name(details.ticket.number),
        "priority": priority,
        "priority_words": presenter.say(PRIORITIES[priority]),
        "headline": make_headline(details, presenter, find_danger_evidence(mail.content, details)),
        "reply_mark": "" if has_danger(mail.content) else "Re: ",
        "machine_label": label_machine(details),
        "preheader": make_preheader(details, presenter),
        "late": _explain_delay(mail, details, presenter, settings),
        # That nobody knows matters only where there is danger.
        "hurt": presenter.say(HURT[details.hurt]) if details.ticket.safety or details.hurt != "unknown" else "",
        "nobody_hurt": details.hurt == "denied",
        "reasons": reasons,
        "further": reasons if mail.template == "ticket_updated" else reasons[1:],
        "who": describe_user(details, presenter),
        "last_words": find_last_words(details),
        "first_note": first_note,
        "notes": notes,
        "further_notes": notes if mail.template == "ticket_updated" else [text for text in notes if text != first_note],
        "news": list_changes(mail.content, details, presenter),
        "reminder": _describe_reminder(mail, presenter) if mail.template == "ticket_unacknowledged" else None,
        "buttons": buttons,
        "action": recommend_action(details, presenter, buttons),
        "action_label": presenter.word(details.ticket.priority, HOW_SOON)
        if details.ticket.priority in HOW_SOON
        else presenter.say("Next step:"),
        "link": link,
        "recipients": [presenter.name(address) for address in mail.recipients],
        "safety": details.ticket.safety,
        "by": _name_person(mail.content.get("by"), presenter),
        "taken_at": _tell_moment(mail, presenter) if mail.template == "ticket_acknowledged" else "",
        "solved": mail.content.get("solved", False),
    }


def _name_person(name: str | None, presenter: Presenter) -> str:
    """The name that somebody gave; a change by plain SQL may come from nobody that is known."""
    return presenter.say("Somebody") if name in {None, "", "unknown"} else presenter.name(name)


def _tell_moment(mail: MailRow, presenter: Presenter) -> str:
    """When somebody took the ticket."""
    return presenter.formatter.both(datetime.fromisoformat(mail.content.get("at", mail.now.isoformat())))


def _explain_delay(mail: MailRow, details: TicketDetails, presenter: Presenter, settings: MailSettings) -> str:
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


def _describe_reminder(mail: MailRow, presenter: Presenter) -> dict[str, Any]:
    """Who was asked before, since when nobody has answered, and whether anybody comes after this reader."""
    since = datetime.fromisoformat(mail.content["waiting_since"])
    return {
        "waiting": presenter.formatter.duration(mail.queued_at - since),
        "since": presenter.formatter.since(since, mail.queued_at),
        "previous": presenter.name(mail.content["previous"]["name"]),
        "contact": presenter.name(mail.content["contact"]["name"]),
        "is_last": mail.content["is_last"],
        "asked_before": mail.content.get("asked_before", False),
    }


def _sections(details: TicketDetails, presenter: Presenter) -> dict[str, Any]:
    """The variables of the sections."""
    return {
        "user": describe_person(details, presenter),
        "machine": describe_machine(details, presenter),
        "ticket": describe_ticket(details, presenter),
        # That no step is recorded is what `tried` says.
        "unknown": [presenter.say(UNKNOWN[word]) for word in details.unknown if word != "steps"],
        "tried": summarize_steps(details, presenter),
        "diagnosis": _diagnosis(details, presenter),
        "chart": make_chart(details, presenter),
        "steps": list_steps(details, presenter),
        "conversation": list_messages(details, presenter),
        "contact": _contact(details, presenter),
        "related": _related(details, presenter),
    }


def _explain_contact(advice: Advice, presenter: Presenter) -> Iterator[str]:
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
        "primary": present_contact(details.advice.primary, number, presenter),
        "others": [present_contact(card, number, presenter) for card in details.advice.alternatives],
        "why": presenter.formatter.comma.join(_explain_contact(details.advice, presenter)),
    }


def _related(details: TicketDetails, presenter: Presenter) -> list[tuple[str, list[str]]]:
    """Other tickets that the reader should know of, by what they have in common with this one."""
    groups = [
        (presenter.say("Earlier tickets of this session"), details.earlier_tickets),
        (presenter.say("Other open tickets of this machine"), details.machine_tickets),
        (presenter.say("Other open tickets of this user"), details.user_tickets),
    ]
    return [(label, list_related(tickets, presenter)) for label, tickets in groups if tickets]
