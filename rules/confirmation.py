"""The question between "surely not" and "surely": when a user is asked, and what the answer means."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from escalation_client.events import Event, MessageAdded, TextJudged
from rules.decision import Decision, Examined
from rules.detection import Lexicon, read_answer
from rules.policy import Policy
from rules.session_status import SessionStatus
from rules.triggers import KIND_REASON, signal, text_of


class Answer(StrEnum):
    """What a user said; NONE: nothing in time."""

    YES = "yes"
    NO = "no"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class OpenConfirmation:
    """A question that waits for its answer; `heard` is the evidence of the text about which was asked."""

    confirmation_id: UUID
    session_id: str
    kind: str
    text_at: datetime
    heard: dict[str, Any]


def answer_in(event: Event, lexicon: Lexicon) -> str:
    """Yes or no, where a user's event says just that."""
    if not (said := text_of(event)):
        return ""
    return read_answer(said, event.language if isinstance(event, MessageAdded) else None, lexicon)


def apply_answer(examined: Examined, question: OpenConfirmation, answer: str) -> Examined:
    """The event with what it says as an answer: yes brings a human in, no is kept as evidence."""
    kept = {name: value for name, value in question.heard.items() if name not in {"rule", "fired", "answer"}}
    reason = KIND_REASON[question.kind]
    heard = signal(reason, answer == Answer.YES, **kept, answer=answer)
    return examined._replace(signals=(*examined.signals, heard))


def find_question(decision: Decision, examined: list[Examined], policy: Policy) -> TextJudged | None:
    """The judgement about which the user should be asked, danger first; none where a human comes anyway."""
    if decision.opens or decision.state.ticket:
        return None
    unsure = [each.event for each in examined if isinstance(each.event, TextJudged) and _is_unsure(each.event, policy)]
    if decision.state.ended == SessionStatus.COMPLETED:
        return None
    return min(unsure, key=lambda event: (event.kind != "danger", -event.score), default=None)


def _is_unsure(event: TextJudged, policy: Policy) -> bool:
    """Whether the score lies between the two thresholds, and nobody has been asked about this text."""
    return event.answer is None and policy.ask_threshold(event.kind) <= event.score < policy.threshold(event.kind)
