"""A session in the order of its time, for people."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from services.conversation import Evidence, Step
from services.ticket_details import TicketDetails


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happened: `kind` is user, assistant, system, step, diagnosis, confidence, request or ticket."""

    at: datetime
    kind: str
    text: str


def list_moments(details: TicketDetails) -> list[Moment]:
    """List everything that happened in a ticket's session, and what came of it, by time."""
    return sorted(_collect_moments(details), key=lambda moment: moment.at)


def _collect_moments(details: TicketDetails) -> Iterator[Moment]:
    session = details.conversation
    for message in session.distinct_messages:
        yield Moment(message.at, message.sender, message.content)
    for step in session.steps:
        yield Moment(step.at, "step", f"{step.number}. {step.instruction}: {_name_result(step)}")
    for diagnosis in session.diagnoses:
        if diagnosis.at:
            yield Moment(diagnosis.at, "diagnosis", f"{diagnosis.category}, confidence {diagnosis.confidence_level}")
    for report in session.confidences:
        yield Moment(report.at, "confidence", f"{report.value:.2f} ({report.source})")
    for request in session.requests:
        yield Moment(request.at, "request", f"{request.reason}: {request.notes or 'no notes'}")
    yield Moment(details.ticket.opened_at, "ticket", f"{details.ticket.number} opened")
    for recipient in details.recipients:
        if recipient.accepted_at:
            yield Moment(recipient.accepted_at, "ticket", f"{recipient.template} accepted for {recipient.address}")


def _name_result(step: Step) -> str:
    if not step.completed and not step.success:
        return "not answered"
    return {True: "helped", False: "did not help", None: "result not reported"}[step.success]


def write_evidence(evidence: Evidence) -> str:
    """Write a piece of evidence in one line."""
    facts = []
    if evidence.phrase:
        # What the second ear heard is known by texts that are like it.
        meaning = f"is like: {evidence.gloss}" if evidence.heard else evidence.gloss
        facts.append(f'"{evidence.phrase}"' + (f" ({meaning})" if evidence.gloss else ""))
    if evidence.heard:
        facts.append(f"heard by the {evidence.heard} ear")
    if evidence.observed is not None:
        observed = f"{evidence.observed:.2g}" if isinstance(evidence.observed, float) else evidence.observed
        facts.append(f"observed {observed}, limit {evidence.limit}")
    facts += evidence.grounds
    if evidence.flagged:
        facts.append("the assistant saw danger")
    if evidence.step:
        facts.append(f"answer to step {evidence.step}")
    return "; ".join(facts) or "asked for by the dialogue"
