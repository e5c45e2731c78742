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
from services.mail.i18n.presenter import Teller
from services.mail.outbox_row import MailRow
from services.mail.sanitize import one_line
from services.ticket_details import Advice, ContactCard, Story


def customer_page(story: Story, teller: Teller) -> dict[str, Any]:
    """Variables beside those of every ticket; `informed` only when a server accepted a support mail."""
    helper = story.advice.primary if story.advice else ContactCard()
    return {
        "called": teller.name(story.user.called) if story.user else "",
        "informed": any(one.template == "ticket_opened" and one.state == "accepted" for one in story.recipients),
        "helper": teller.name(helper.name),
        "helper_phone": teller.name(helper.phone),
        "helper_call": next((button.href for button in call("", helper.phone or "")), ""),
        "helper_hours": teller.name(helper.hours),
        "callback_phone": one_line(story.callback_phone),
    }


def ticket_page(
    mail: MailRow, story: Story, teller: Teller, settings: MailSettings, link: str | None
) -> dict[str, Any]:
    """The variables of the ticket templates."""
    return {**first_screen(mail, story, teller, settings, link), **sections(story, teller)}


def first_screen(
    mail: MailRow, story: Story, teller: Teller, settings: MailSettings, link: str | None
) -> dict[str, Any]:
    """Those of a short mail: enough to act on."""
    priority, why = priority_of(story), grounds(story, teller)
    return {
        "number": teller.name(story.ticket.number),
        "title": teller.name(story.ticket.number),
        "priority": priority,
        "priority_words": teller.say(PRIORITIES[priority]),
        "headline": headline(story, teller, danger_in(mail.content, story)),
        "reply_mark": "" if is_danger(mail.content) else "Re: ",
        "machine_label": machine_label(story),
        "preheader": preheader(story, teller),
        "late": late(mail, story, teller, settings),
        "hurt": hurt(story, teller),
        "nobody_hurt": story.hurt == "denied",
        "grounds": why,
        "further": why if mail.template == "ticket_updated" else why[1:],
        "who": who(story, teller),
        "last_words": last_words(story, teller),
        "notes": [teller.long(text) for text in story.notes],
        "news": news_of(mail.content, story, teller),
        "chase": chase(mail, teller) if mail.template == "ticket_unacknowledged" else None,
        "buttons": buttons(story, teller),
        "link": link,
        "recipients": [teller.name(address) for address in mail.recipients],
        "safety": story.ticket.safety,
    }


def hurt(story: Story, teller: Teller) -> str:
    """Whether anyone is hurt; that nobody knows matters only where there is danger."""
    return teller.say(HURT[story.hurt]) if story.ticket.safety or story.hurt != "unknown" else ""


def late(mail: MailRow, story: Story, teller: Teller, settings: MailSettings) -> str:
    """How old the event is, where the mail leaves late."""
    most, bundled = timedelta(seconds=settings.mail_late_seconds), timedelta(seconds=settings.mail_bundle_seconds)
    if not mail.is_late(story, most, bundled):
        return ""
    happened = mail.happened(story)
    return teller.say(
        "This mail is late: what it tells happened %(age)s ago, on %(moment)s.",
        age=teller.manners.duration(mail.now - happened),
        moment=teller.manners.both(happened),
    )


def chase(mail: MailRow, teller: Teller) -> dict[str, Any]:
    """Who was asked before, since when nobody has answered, and whether anybody comes after this reader."""
    since = datetime.fromisoformat(mail.content["waiting_since"])
    return {
        "waiting": teller.manners.duration(mail.queued_at - since),
        "since": teller.manners.since(since, mail.queued_at),
        "previous": teller.name(mail.content["previous"]["name"]),
        "contact": teller.name(mail.content["contact"]["name"]),
        "is_last": mail.content["is_last"],
    }


def sections(story: Story, teller: Teller) -> dict[str, Any]:
    """The variables of the sections."""
    return {
        "user": about_user(story, teller),
        "machine": about_machine(story, teller),
        "ticket": about_ticket(story, teller),
        "unknown": [teller.say(UNKNOWN[word]) for word in story.unknown],
        "tried": summary(story, teller),
        "diagnosis": diagnosis(story, teller),
        "chart": chart(story, teller),
        "steps": steps(story, teller),
        "conversation": conversation(story, teller),
        "contact": contact(story, teller),
        "action": action(story, teller),
        "related": related(story, teller),
    }


def why(advice: Advice, teller: Teller) -> Iterator[str]:
    """The grounds for the contact; another writer's are shown as they are."""
    if not advice.why_parts and advice.why:
        yield teller.short(advice.why)
    for part in advice.why_parts:
        moment = teller.manners.both(part.moment) if part.moment else ""
        yield teller.say(WHY[part.code], subject=subject_of(part, teller), moment=moment)


def subject_of(part: WhyPart, teller: Teller) -> str:
    """A language, a kind of problem or a country, in the reader's words."""
    if part.code in {"language", "other_language"}:
        return teller.manners.language_name(teller.name(part.subject))
    if part.code in {"region", "other_region"}:
        return teller.manners.country(teller.name(part.subject))
    return teller.word(part.subject, CATEGORIES)


def diagnosis(story: Story, teller: Teller) -> dict[str, Any] | None:
    """The latest diagnosis in the reader's words; None where there is none."""
    latest = story.conversation.diagnosis
    if latest is None:
        return None
    minutes = latest.estimated_minutes
    return {
        "category": teller.word(latest.category, CATEGORIES),
        "level": teller.word(latest.confidence_level, LEVELS),
        "confidence": "" if latest.confidence is None else teller.manners.percent(latest.confidence),
        "requires_expert": latest.requires_expert,
        "warnings": teller.shorts(latest.safety_warnings),
        "causes": teller.shorts(latest.likely_causes),
        "advised": teller.shorts(latest.recommended_steps),
        "duration": "" if minutes is None else teller.manners.duration(timedelta(minutes=minutes)),
    }


def contact(story: Story, teller: Teller) -> dict[str, Any] | None:
    """The recommended contact, why, and the others; None where none was recommended."""
    if story.advice is None:
        return None
    number = story.ticket.number
    return {
        "primary": helper(story.advice.primary, number, teller),
        "others": [helper(card, number, teller) for card in story.advice.alternatives],
        "why": teller.manners.comma.join(why(story.advice, teller)),
    }


def related(story: Story, teller: Teller) -> list[tuple[str, list[str]]]:
    """Other tickets that the reader should know of, by what they have in common with this one."""
    groups = [
        (teller.say("Earlier tickets of this session"), story.earlier_tickets),
        (teller.say("Other open tickets of this machine"), story.machine_tickets),
        (teller.say("Other open tickets of this user"), story.user_tickets),
    ]
    return [(label, lines(tickets, teller)) for label, tickets in groups if tickets]
