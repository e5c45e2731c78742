"""Why a human is needed now: each reason with the user's own words and what the rules saw in them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from rules.confirmation import Answer
from services.conversation import Evidence
from services.mail.i18n.labels import CATEGORIES, GROUNDS, MEANINGS, REASONS, SHORT_REASONS
from services.mail.i18n.presenter import Presenter
from services.mail.sanitize import clean, cut, direction
from services.ticket_details import TicketDetails, TicketReason

_CONTEXT: Final = 140
MOST_EVIDENCE: Final = 3


@dataclass(frozen=True, slots=True)
class Quote:
    """What somebody wrote, with the words that counted between `before` and `after`; `source` says where it stands.

    `is_guess`: the second ear found the text similar to known ones; no word list matched.
    """

    before: str
    phrase: str
    after: str
    source: str
    gloss: str = ""
    is_guess: bool = False

    @property
    def text(self) -> str:
        return self.before + self.phrase + self.after

    @property
    def direction(self) -> str:
        return direction(self.text)


@dataclass(frozen=True, slots=True)
class _PresentedReason:
    """A reason in words, the time when it came up, what was written, and the figures behind it."""

    words: str
    clock: str
    quotes: tuple[Quote, ...]
    facts: tuple[str, ...]


def list_reasons(details: TicketDetails, presenter: Presenter) -> list[_PresentedReason]:
    """The reasons of the ticket, the gravest first."""
    return [_present_reason(reason, details, presenter) for reason in details.ticket.reasons]


def _present_reason(reason: TicketReason, details: TicketDetails, presenter: Presenter) -> _PresentedReason:
    # Somebody hurt comes first; the rest stays in the order of its time.
    shown = sorted(reason.evidence, key=lambda evidence: evidence.hurt != "said")[:MOST_EVIDENCE]
    facts = dict.fromkeys(fact for evidence in shown for fact in list_facts(evidence, presenter))
    quotes = dict.fromkeys(quote for evidence in shown if (quote := make_quote(evidence, details, presenter)))
    clock = presenter.formatter.clocks(reason.at) if reason.at else ""
    return _PresentedReason(presenter.word(reason.name, REASONS), clock, tuple(quotes), tuple(facts))


def find_last_words(details: TicketDetails) -> Quote | None:
    """What the user wrote last, for a ticket whose reasons are not in the user's words."""
    if _is_in_their_words(details):
        return None
    last = next((message for message in reversed(details.conversation.messages) if message.is_from_user), None)
    return Quote(cut(clean(last.content), 2 * _CONTEXT), "", "", "") if last else None


def find_first_note(details: TicketDetails, presenter: Presenter) -> str:
    """What came with the latest request, for a ticket whose reasons are not in the user's words."""
    return "" if _is_in_their_words(details) or not details.notes else presenter.short(details.notes[-1])


def _is_in_their_words(details: TicketDetails) -> bool:
    return any(evidence.phrase for reason in details.ticket.reasons for evidence in reason.evidence)


def make_quote(evidence: Evidence, details: TicketDetails, presenter: Presenter) -> Quote | None:
    """The phrase with its surroundings; alone where the text that it stood in is not known."""
    phrase = presenter.short(evidence.phrase)
    if not phrase:
        return None
    before, after = _cut_surroundings(find_text(evidence, details), phrase)
    source, meaning = _name_source(evidence, details, presenter), find_meaning(evidence, presenter)
    return Quote(before, phrase, after, source, meaning, is_guess=bool(evidence.heard))


def find_meaning(evidence: Evidence, presenter: Presenter) -> str:
    """What the words mean, in the reader's language.

    A model that was trained elsewhere may have meanings that are in no catalogue; then only their kind is told.
    """
    is_foreign = evidence.heard and evidence.gloss not in MEANINGS and presenter.language != "en"
    if evidence.gloss and is_foreign:
        return presenter.word(evidence.rule, SHORT_REASONS)
    return presenter.word(evidence.gloss, MEANINGS)


def find_text(evidence: Evidence, details: TicketDetails) -> str:
    """The text that the phrase stands in."""
    if evidence.message_id and (message := details.conversation.message(evidence.message_id)):
        return clean(message.content)
    if evidence.from_notes:
        found = [request.notes for request in details.conversation.requests if request.event_id == evidence.event_id]
        return clean(found[0] or "") if found else ""
    steps = [step.feedback for step in details.conversation.steps if step.number == evidence.step]
    return clean(steps[0] or "") if steps else ""


def _cut_surroundings(text: str, phrase: str) -> tuple[str, str]:
    """What stands before and after a phrase, cut at a word where it is long."""
    before, found, after = text.partition(phrase)
    if not found:
        return "", ""
    if len(before) > _CONTEXT:
        before = "…" + re.sub(r"^\S*\s", "", before[-_CONTEXT:])
    if len(after) > _CONTEXT:
        after = re.sub(r"\s\S*$", "", after[:_CONTEXT]) + "…"
    return before, after


def _name_source(evidence: Evidence, details: TicketDetails, presenter: Presenter) -> str:
    """Where the words stand, and their language where it is not that of the session."""
    if evidence.step is not None:
        place = presenter.say("answer to step %(number)s", number=evidence.step)
    else:
        place = presenter.say("notes with the request") if evidence.from_notes else ""
    foreign = evidence.language if evidence.language != details.language else None
    parts = [place, presenter.formatter.language_name(presenter.name(foreign)) if foreign else ""]
    return presenter.formatter.comma.join(part for part in parts if part)


def list_facts(evidence: Evidence, presenter: Presenter) -> Iterator[str]:
    """Say what the rules compared, in sentences."""
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
            yield _explain_expert(evidence, presenter)
    if evidence.flagged:
        yield presenter.say("The assistant itself saw danger.")
    if evidence.answer == Answer.YES:
        yield presenter.say("The user was asked and said yes.")
    elif evidence.answer == Answer.NONE:
        yield presenter.say("The user was asked and has not answered.")


def _explain_expert(evidence: Evidence, presenter: Presenter) -> str:
    grounds = "; ".join(presenter.word(_find_code(ground), GROUNDS) for ground in evidence.grounds)
    category = presenter.word(evidence.category, CATEGORIES) or presenter.word("other", CATEGORIES)
    return presenter.say("Diagnosis “%(category)s”: %(grounds)s.", category=category, grounds=grounds)


def _find_code(ground: str) -> str:
    """Map a rule's ground, which is written in words with its limits, to a key of GROUNDS."""
    known = (("very_low", "very_low"), ("safety warnings", "safety_warnings"), ("category", "category"))
    return next((code for sign, code in known if sign in ground), ground)
