"""What each rule says of one event. Every rule that applies is asked; what it saw is kept, whether it fires or not."""

from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

from escalation_client.events import (
    ConfidenceReported,
    DiagnosisMade,
    EscalationRequested,
    Event,
    MessageAdded,
    SessionEnded,
    StepRecorded,
    TextJudged,
)
from rules.detection import Finding, Lexicon, detect
from rules.policy import Policy
from rules.reasons import BASE_PRIORITY, Priority, Reason, highest
from rules.session_status import SessionStatus

# What is asked of nearly every event: a name is looked up in a tenth of the time that an enumeration's member takes.
_SAFETY, _WISH, _DOUBT = Reason.SAFETY_CONCERN, Reason.USER_REQUEST, Reason.LOW_CONFIDENCE


class Signal(NamedTuple):
    """One rule's answer: did it fire, with which priority, and what it saw."""

    reason: str
    fired: bool
    priority: str
    evidence: dict[str, Any]

    def as_evidence(self) -> dict[str, Any]:
        return {"rule": self.reason, "fired": self.fired, **self.evidence}


def signal(reason: str, fired: bool, /, **evidence: Any) -> Signal:
    return Signal(reason, fired, BASE_PRIORITY[reason], evidence)


def examine(event: Event, policy: Policy, lexicon: Lexicon) -> tuple[Signal, ...]:
    """Ask every rule that an event of this type can answer; needs no state, so it runs before any lock is taken."""
    return tuple(_find_signals(event, policy, lexicon))


def _find_signals(event: Event, policy: Policy, lexicon: Lexicon) -> Iterator[Signal]:
    match event:
        case MessageAdded():
            text = event.content if event.sender == "user" else ""
            yield from _listen(text, event.language, event.safety, _Ears(policy, lexicon), message_id=event.message_id)
        case StepRecorded():
            ears = _Ears(policy, lexicon)
            yield from _listen(event.user_feedback or "", None, event.safety, ears, step=event.step_number)
            yield from _check_confidence(event.confidence, policy)
            yield signal(
                Reason.STEPS_EXCEEDED, False, step=event.step_number, failed=has_failed(event), limit=policy.step_limit
            )
        case DiagnosisMade():
            yield from _listen("", None, event.safety, _Ears(policy, lexicon))
            yield _check_expert(event, policy)
            yield from _check_confidence(event.confidence, policy)
        case ConfidenceReported():
            yield from _check_confidence(event.confidence, policy)
        case EscalationRequested():
            yield from _check_request(event, lexicon)
        case TextJudged():
            yield _judge_text(event, policy)
        case SessionEnded():
            fired = event.status == SessionStatus.ESCALATED
            yield signal(Reason.EXPERT_REQUIRED, fired, observed=event.status, limit=SessionStatus.ESCALATED)
        case _:
            return


def has_failed(step: StepRecorded) -> bool:
    """Whether a step was done and did not help; ABParts stores `success` false before anybody has answered."""
    return step.completed and step.success is False


# Where the policy wants no second ear, or this platform has no wheels for it.
WORD_LISTS_ALONE: Final = "word lists alone"


class _Ears(NamedTuple):
    """What listens: the word lists, and where the policy has it and the wheel is there, the second ear."""

    policy: Policy
    lexicon: Lexicon


def _listen(text: str, language: str | None, flagged: bool | None, ears: _Ears, **source: Any) -> Iterator[Signal]:
    """Danger and a wish for a human in a user's own words; the publisher's own safety flag counts as danger.

    A report of danger of which the lists are not sure waits for the second ear, where there is one.
    """
    if not text and flagged is None:
        return
    findings = detect(text, language, ears.lexicon)
    danger = findings.danger
    evidence = _quote(danger) if danger else {}
    if not danger and findings.hurt == "denied":
        # Also where nothing else is said of danger: whoever has the ticket is to know.
        evidence["hurt"] = findings.hurt
    if flagged:
        evidence["flag"] = "safety: true"
    waits = danger and ears.policy.second_ear and findings.heard(_SAFETY) == "doubtful"
    if waits:
        evidence["waits_for"] = "second ear"
    if text and not ears.policy.second_ear:
        evidence["ears"] = WORD_LISTS_ALONE
    fired = bool(flagged or (danger and not waits))
    yield signal(_SAFETY, fired, **evidence, **(source if evidence else {}))
    if text:
        wish = findings.handoff
        yield signal(_WISH, wish is not None, **(_quote(wish) | source if wish else {}))
    for weak in findings.weak:
        yield signal(weak.kind, False, weak=True, **_quote(weak), **source)


def _quote(finding: Finding) -> dict[str, Any]:
    return dict(finding.as_evidence())


def _check_confidence(value: float | None, policy: Policy) -> Iterator[Signal]:
    """The assistant's own doubt; strictly below the threshold."""
    if value is not None:
        limit = policy.confidence_threshold
        yield signal(_DOUBT, value < limit, observed=value, limit=limit)


def _check_expert(event: DiagnosisMade, policy: Policy) -> Signal:
    """Whether a diagnosis calls for an expert, and each ground on which it does."""
    grounds = {
        "requires_expert": event.requires_expert,
        "confidence_level very_low": event.confidence_level == "very_low",
        f"more than {policy.safety_warning_limit} safety warnings": len(event.safety_warnings)
        > policy.safety_warning_limit,
        "expert category": _needs_expert(event, policy),
    }
    return signal(
        Reason.EXPERT_REQUIRED,
        any(grounds.values()),
        grounds=[name for name, holds in grounds.items() if holds],
        category=event.problem_category,
        confidence_level=event.confidence_level,
        safety_warnings=len(event.safety_warnings),
    )


def _needs_expert(event: DiagnosisMade, policy: Policy) -> bool:
    doubtful = policy.expert_at_any_confidence or event.confidence_level in policy.expert_confidence_levels
    return doubtful and event.problem_category.strip().lower() in policy.expert_categories


def _check_request(event: EscalationRequested, lexicon: Lexicon) -> Iterator[Signal]:
    """What the "Escalate to Expert" dialogue asks for; safety is urgent whatever was asked, notes are words too."""
    priority = event.priority or BASE_PRIORITY[event.reason]
    if event.reason == Reason.SAFETY_CONCERN:
        priority = highest((priority, Priority.URGENT))
    yield Signal(event.reason, True, priority, {"requested": event.reason, "priority": event.priority})
    if event.notes and event.reason != Reason.SAFETY_CONCERN:
        danger = detect(event.notes, None, lexicon).danger
        yield signal(
            Reason.SAFETY_CONCERN, danger is not None, **(_quote(danger) | {"source": "notes"} if danger else {})
        )


# The second ear's kinds, and the reasons that they lead to.
KIND_REASON: Final = {"handoff": Reason.USER_REQUEST, "danger": Reason.SAFETY_CONCERN}
# A text that sounds like danger and that nobody has answered for: as sure as anything.
CERTAIN = 1.0


def _judge_text(event: TextJudged, policy: Policy) -> Signal:
    """What the second ear heard; fires from the policy's threshold on, or where the user was asked and is silent."""
    limit = policy.threshold(event.kind)
    nearest = [dict(each) for each in event.nearest]
    gloss = str(nearest[0].get("gloss", "")) if nearest else ""
    evidence = {
        "ear": "second",
        "observed": event.score,
        "limit": limit,
        "ask_from": policy.ask_threshold(event.kind),
        "phrase": event.phrase,
        "gloss": gloss,
        "language": event.language,
        "hurt": event.hurt,
        "sounds_like": nearest,
        "lists": event.lists,
        "model": event.model,
        "text_event_id": event.text_event_id,
        "message_id": event.message_id,
        "step": event.step,
        "answer": event.answer,
    }
    told = {name: value for name, value in evidence.items() if value not in (None, "", [])}
    return signal(KIND_REASON[event.kind], event.score >= limit or event.answer == "none", **told)


def text_of(event: Event) -> str:
    """A user's own words in an event, or nothing."""
    match event:
        case MessageAdded(sender="user", content=content):
            return content
        case StepRecorded(user_feedback=str(feedback)):
            return feedback
        case _:
            return ""


def needs_second_ear(event: Event, signals: Iterable[Signal], policy: Policy) -> bool:
    """Whether a text is to be judged after the batch: danger that has fired is as grave as it gets."""
    if not policy.second_ear or not text_of(event).strip():
        return False
    return not any([signal.fired and signal.reason == _SAFETY for signal in signals])
