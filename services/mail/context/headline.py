"""The few words that a lock screen shows."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from services.conversation import Evidence
from services.mail.context.reasons import written
from services.mail.i18n.labels import CATEGORIES, PRIORITIES, SHORT_REASONS
from services.mail.i18n.presenter import Teller
from services.mail.sanitize import one_line
from services.ticket_details import Story

LONGEST_PART: Final = 48
CLAUSE_END: Final = re.compile(r"[.!?;,:،؛؟\n]")


def priority_of(story: Story) -> str:
    """A key of PRIORITIES: safety outranks the ticket's own priority, which another writer may have made up."""
    if story.ticket.safety:
        return "safety"
    return story.ticket.priority if story.ticket.priority in PRIORITIES else "medium"


def headline(story: Story, teller: Teller, newest: Iterable[Evidence] = ()) -> str:
    """What it is about: danger in the user's words or by their meaning, else the gravest reason and kind of problem."""
    if said := next((one for one in [*newest, *dangers(story)] if one.phrase), None):
        return brief(danger_words(said, story, teller))
    reason = next(iter(story.ticket.reason_names), "")
    category = story.conversation.category
    parts = [teller.word(reason, SHORT_REASONS)]
    if category and category != "other":
        parts.append(teller.word(category, CATEGORIES))
    return brief(": ".join(filter(None, parts)))


def dangers(story: Story) -> Iterator[Evidence]:
    for reason in story.ticket.reasons:
        if reason.name == "safety_concern":
            yield from reason.evidence


def danger_words(said: Evidence, story: Story, teller: Teller) -> str:
    """The user's own clause where the reader speaks the language, else what the matched words mean."""
    phrase = said.phrase or ""
    if said.gloss and said.language != teller.language:
        return said.gloss
    _, found, after = written(said, story).partition(phrase)
    return phrase + CLAUSE_END.split(after, maxsplit=1)[0] if found else phrase


def machine_label(story: Story) -> str:
    """The machine's name and model, else the organisation."""
    if story.machine:
        name, model = one_line(story.machine.name), one_line(story.machine.model)
        return brief(name if model in name else f"{name} {model}")
    return brief(one_line(story.user.organisation.name if story.user and story.user.organisation else None))


def brief(text: str) -> str:
    """One line of at most LONGEST_PART characters that ends with a whole word."""
    line = one_line(text)
    if len(line) <= LONGEST_PART:
        return line
    return re.sub(r"\s+\S*$", "", line[: LONGEST_PART - 1]) + "…"


def who(story: Story, teller: Teller) -> list[str]:
    """What stands below the headline: the machine, and who is in trouble, where, and in which language."""
    speaks = teller.say("speaks %(language)s", language=teller.manners.language_name(one_line(story.language)))
    parts = [machine_label(story), *where(story, teller), speaks if story.language else ""]
    return list(dict.fromkeys(filter(None, parts)))


def preheader(story: Story, teller: Teller) -> str:
    """What a list of mails shows after the subject: who, for whom, where, and what time it is there."""
    manners, moment = teller.manners, story.event_at
    return " · ".join([*where(story, teller), manners.elsewhere(moment) or manners.clocks(moment)])


def where(story: Story, teller: Teller) -> list[str]:
    """The user, the organisation and the place, as far as they are known."""
    organisation = story.user.organisation if story.user else None
    parts = [
        teller.name(story.user.called) if story.user else "",
        teller.name(organisation.name) if organisation else "",
        teller.name(story.machine.location) if story.machine else "",
    ]
    return [part for part in parts if part]
