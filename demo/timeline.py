"""A session in the order of its time, for people."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from services.conversation import Evidence
from services.ticket_details import TicketDetails


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happened: `kind` is user, assistant, system, step, diagnosis, confidence, request or ticket."""

    at: datetime
    kind: str
    text: str


def timeline_of(details: TicketDetails) -> list[Moment]:
    """Everything that happened in a ticket's session, and what came of it."""
    return sorted(moments(details), key=lambda moment: moment.at)


def moments(details: TicketDetails) -> Iterator[Moment]:
    talk = details.conversation
    yield from (Moment(one.at, one.sender, one.content) for one in talk.messages)
    yield from (Moment(one.at, "step", f"{one.number}. {one.instruction}: {result(one.success)}") for one in talk.steps)
    yield from (
        Moment(one.at, "diagnosis", f"{one.category}, confidence {one.confidence_level}")
        for one in talk.diagnoses
        if one.at
    )
    yield from (Moment(one.at, "confidence", f"{one.value:.2f} ({one.source})") for one in talk.confidences)
    yield from (Moment(one.at, "request", f"{one.reason}: {one.notes or 'no notes'}") for one in talk.requests)
    yield Moment(details.ticket.opened_at, "ticket", f"{details.ticket.number} opened")
    yield from (
        Moment(one.accepted_at, "ticket", f"{one.template} accepted for {one.address}")
        for one in details.recipients
        if one.accepted_at
    )


def result(success: bool | None) -> str:
    return {True: "helped", False: "did not help", None: "result unknown"}[success]


def evidence_lines(evidence: Iterable[Evidence]) -> list[str]:
    """Each piece of evidence in one line."""
    return [line_of(one) for one in evidence]


def line_of(one: Evidence) -> str:
    facts = []
    if one.phrase:
        facts.append(f'"{one.phrase}"' + (f" ({one.gloss})" if one.gloss else ""))
    if one.observed is not None:
        facts.append(f"observed {one.observed}, limit {one.limit}")
    facts += one.grounds
    if one.flagged:
        facts.append("the assistant saw danger")
    if one.message_id or one.step:
        facts.append(f"message {one.message_id}" if one.message_id else f"step {one.step}")
    return "; ".join(facts) or "asked for by the dialogue"
