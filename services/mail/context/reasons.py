"""Why a human is needed now: each reason with the user's own words and what the rules saw in them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from services.conversation import Evidence
from services.mail.i18n.labels import CATEGORIES, GROUNDS, REASONS
from services.mail.i18n.presenter import Presenter
from services.mail.sanitize import clean, cut, direction
from services.ticket_details import Reason, TicketDetails

_CONTEXT: Final = 140
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
class _Ground:
    """A reason in words, the time when it came up, what was written, and the figures behind it."""

    words: str
    clock: str
    quotes: tuple[Quote, ...]
    facts: tuple[str, ...]


def grounds(details: TicketDetails, presenter: Presenter) -> list[_Ground]:
    """The reasons of the ticket, the gravest first."""
    return [ground(reason, details, presenter) for reason in details.ticket.reasons]


def ground(reason: Reason, details: TicketDetails, presenter: Presenter) -> _Ground:
    shown = reason.evidence[:MOST_EVIDENCE]
    facts = dict.fromkeys(fact for one in shown for fact in facts_of(one, presenter))
    quotes = dict.fromkeys(quote for one in shown if (quote := quote_of(one, details, presenter)))
    clock = presenter.formatter.clocks(reason.at) if reason.at else ""
    return _Ground(presenter.word(reason.name, REASONS), clock, tuple(quotes), tuple(facts))


def last_words(details: TicketDetails, presenter: Presenter) -> Quote | None:
    """What the user wrote last, for a ticket whose reasons are not in the user's words."""
    said = [one for one in details.conversation.messages if one.sender == "user" and one.content.strip()]
    if not said or any(one.phrase for reason in details.ticket.reasons for one in reason.evidence):
        return None
    return Quote(cut(clean(said[-1].content), 2 * _CONTEXT), "", "", "")


def quote_of(evidence: Evidence, details: TicketDetails, presenter: Presenter) -> Quote | None:
    """The phrase with its surroundings; alone where the text that it stood in is not known."""
    phrase = presenter.short(evidence.phrase)
    if not phrase:
        return None
    before, after = _surroundings(written(evidence, details), phrase)
    return Quote(before, phrase, after, _source_of(evidence, details, presenter), presenter.short(evidence.gloss))


def written(evidence: Evidence, details: TicketDetails) -> str:
    """The text that the phrase stands in."""
    if evidence.message_id and (message := details.conversation.message(evidence.message_id)):
        return clean(message.content)
    if evidence.from_notes:
        found = [one.notes for one in details.conversation.requests if one.event_id == evidence.event_id]
        return clean(found[0] or "") if found else ""
    steps = [one.feedback for one in details.conversation.steps if one.number == evidence.step]
    return clean(steps[0] or "") if steps else ""


def _surroundings(text: str, phrase: str) -> tuple[str, str]:
    """What stands before and after a phrase, cut at a word where it is long."""
    before, found, after = text.partition(phrase)
    if not found:
        return "", ""
    if len(before) > _CONTEXT:
        before = "…" + re.sub(r"^\S*\s", "", before[-_CONTEXT:])
    if len(after) > _CONTEXT:
        after = re.sub(r"\s\S*$", "", after[:_CONTEXT]) + "…"
    return before, after


def _source_of(evidence: Evidence, details: TicketDetails, presenter: Presenter) -> str:
    """Where the words stand, and their language where it is not that of the session."""
    if evidence.step is not None:
        place = presenter.say("answer to step %(number)s", number=evidence.step)
    else:
        place = presenter.say("notes with the request") if evidence.from_notes else ""
    foreign = evidence.language if evidence.language != details.language else None
    parts = [place, presenter.formatter.language_name(presenter.name(foreign)) if foreign else ""]
    return presenter.formatter.comma.join(part for part in parts if part)


def facts_of(evidence: Evidence, presenter: Presenter) -> Iterator[str]:
    """What the rules compared, in sentences."""
    match evidence:
        case Evidence(rule="low_confidence", observed=(int() | float()) as seen, limit=(int() | float()) as limit):
            values = {"observed": presenter.formatter.percent(seen), "limit": presenter.formatter.percent(limit)}
            yield presenter.say("The assistant was %(observed)s sure; below %(limit)s a person is asked.", **values)
        case Evidence(rule="steps_exceeded", observed=(int() | float()) as seen, limit=(int() | float()) as limit):
            values = {"observed": presenter.formatter.number(seen), "limit": presenter.formatter.number(limit)}
            yield presenter.say("%(observed)s steps did not help; at %(limit)s a person is asked.", **values)
        case Evidence(rule="expert_required", grounds=()):
            yield presenter.say("The session was marked as escalated.")
        case Evidence(rule="expert_required"):
            yield _expert(evidence, presenter)
    if evidence.flagged:
        yield presenter.say("The assistant itself saw danger.")


def _expert(evidence: Evidence, presenter: Presenter) -> str:
    told = "; ".join(presenter.word(_code_of(one), GROUNDS) for one in evidence.grounds)
    category = presenter.word(evidence.category, CATEGORIES) or presenter.word("other", CATEGORIES)
    return presenter.say("Diagnosis “%(category)s”: %(grounds)s.", category=category, grounds=told)


def _code_of(ground: str) -> str:
    """A rule writes its grounds in words, with its limits in them."""
    known = (("very_low", "very_low"), ("safety warnings", "safety_warnings"), ("category", "category"))
    return next((code for sign, code in known if sign in ground), ground)
