"""Why a human is needed now: each reason with the user's own words and what the rules saw in them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from services.conversation import Evidence
from services.mail.i18n.labels import CATEGORIES, GROUNDS, REASONS
from services.mail.i18n.presenter import Teller
from services.mail.sanitize import clean, cut, direction
from services.ticket_details import Reason, Story

CONTEXT: Final = 140
MOST_EVIDENCE: Final = 3


@dataclass(frozen=True, slots=True)
class Quote:
    """What somebody wrote, with the words that counted between `before` and `after`; `source` says where it stands."""

    before: str
    phrase: str
    after: str
    source: str
    gloss: str = ""

    @property
    def text(self) -> str:
        return self.before + self.phrase + self.after

    @property
    def direction(self) -> str:
        return direction(self.text)


@dataclass(frozen=True, slots=True)
class Ground:
    """A reason in words, the time when it came up, what was written, and the figures behind it."""

    words: str
    clock: str
    quotes: tuple[Quote, ...]
    facts: tuple[str, ...]


def grounds(story: Story, teller: Teller) -> list[Ground]:
    """The reasons of the ticket, the gravest first."""
    return [ground(reason, story, teller) for reason in story.ticket.reasons]


def ground(reason: Reason, story: Story, teller: Teller) -> Ground:
    shown = reason.evidence[:MOST_EVIDENCE]
    facts = dict.fromkeys(fact for one in shown for fact in facts_of(one, teller))
    quotes = dict.fromkeys(quote for one in shown if (quote := quote_of(one, story, teller)))
    clock = teller.manners.clocks(reason.at) if reason.at else ""
    return Ground(teller.word(reason.name, REASONS), clock, tuple(quotes), tuple(facts))


def last_words(story: Story, teller: Teller) -> Quote | None:
    """What the user wrote last, for a ticket whose reasons are not in the user's words."""
    said = [one for one in story.conversation.messages if one.sender == "user" and one.content.strip()]
    if not said or any(one.phrase for reason in story.ticket.reasons for one in reason.evidence):
        return None
    return Quote(cut(clean(said[-1].content), 2 * CONTEXT), "", "", "")


def quote_of(evidence: Evidence, story: Story, teller: Teller) -> Quote | None:
    """The phrase with its surroundings; alone where the text that it stood in is not known."""
    phrase = teller.short(evidence.phrase)
    if not phrase:
        return None
    before, after = surroundings(written(evidence, story), phrase)
    return Quote(before, phrase, after, source_of(evidence, story, teller), teller.short(evidence.gloss))


def written(evidence: Evidence, story: Story) -> str:
    """The text that the phrase stands in."""
    if evidence.message_id and (message := story.conversation.message(evidence.message_id)):
        return clean(message.content)
    if evidence.from_notes:
        found = [one.notes for one in story.conversation.requests if one.event_id == evidence.event_id]
        return clean(found[0] or "") if found else ""
    steps = [one.feedback for one in story.conversation.steps if one.number == evidence.step]
    return clean(steps[0] or "") if steps else ""


def surroundings(text: str, phrase: str) -> tuple[str, str]:
    """What stands before and after a phrase, cut at a word where it is long."""
    before, found, after = text.partition(phrase)
    if not found:
        return "", ""
    if len(before) > CONTEXT:
        before = "…" + re.sub(r"^\S*\s", "", before[-CONTEXT:])
    if len(after) > CONTEXT:
        after = re.sub(r"\s\S*$", "", after[:CONTEXT]) + "…"
    return before, after


def source_of(evidence: Evidence, story: Story, teller: Teller) -> str:
    """Where the words stand, and their language where it is not that of the session."""
    if evidence.step is not None:
        place = teller.say("answer to step %(number)s", number=evidence.step)
    else:
        place = teller.say("notes with the request") if evidence.from_notes else ""
    foreign = evidence.language if evidence.language != story.language else None
    parts = [place, teller.manners.language_name(teller.name(foreign)) if foreign else ""]
    return teller.manners.comma.join(part for part in parts if part)


def facts_of(evidence: Evidence, teller: Teller) -> Iterator[str]:
    """What the rules compared, in sentences."""
    match evidence:
        case Evidence(rule="low_confidence", observed=(int() | float()) as seen, limit=(int() | float()) as limit):
            values = {"observed": teller.manners.percent(seen), "limit": teller.manners.percent(limit)}
            yield teller.say("The assistant was %(observed)s sure; below %(limit)s a person is asked.", **values)
        case Evidence(rule="steps_exceeded", observed=(int() | float()) as seen, limit=(int() | float()) as limit):
            values = {"observed": teller.manners.number(seen), "limit": teller.manners.number(limit)}
            yield teller.say("%(observed)s steps did not help; at %(limit)s a person is asked.", **values)
        case Evidence(rule="expert_required", grounds=()):
            yield teller.say("The session was marked as escalated.")
        case Evidence(rule="expert_required"):
            yield expert(evidence, teller)
    if evidence.flagged:
        yield teller.say("The assistant itself saw danger.")


def expert(evidence: Evidence, teller: Teller) -> str:
    told = "; ".join(teller.word(code_of(one), GROUNDS) for one in evidence.grounds)
    category = teller.word(evidence.category, CATEGORIES) or teller.word("other", CATEGORIES)
    return teller.say("Diagnosis “%(category)s”: %(grounds)s.", category=category, grounds=told)


def code_of(ground: str) -> str:
    """A rule writes its grounds in words, with its limits in them."""
    known = (("very_low", "very_low"), ("safety warnings", "safety_warnings"), ("category", "category"))
    return next((code for sign, code in known if sign in ground), ground)
