"""What follows after a mail's first screen."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from rules.recommendation import WhyPart
from services.mail.doubt import chart
from services.mail.facts import about_machine, about_ticket, about_user, lines
from services.mail.reach import action, helper
from services.mail.talk import conversation, steps, summary
from services.mail.teller import Teller
from services.mail.wording import CATEGORIES, LEVELS, UNKNOWN, WHY
from services.story import Advice, Story


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
