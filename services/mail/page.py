"""Everything that the templates of a ticket's mails show, told in the reader's words."""

from datetime import datetime, timedelta
from typing import Any

from config.mail_settings import MailSettings
from services.mail.news import danger_in, is_danger, news_of
from services.mail.outbox_row import MailRow
from services.mail.reach import buttons
from services.mail.sections import sections
from services.mail.subject import headline, machine_label, preheader, priority_of, who
from services.mail.teller import Teller
from services.mail.why import grounds, last_words
from services.mail.wording import HURT, PRIORITIES
from services.story import Story


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
