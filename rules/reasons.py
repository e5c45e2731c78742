"""The reasons why a human is needed, gravest first, and the priorities, lowest first."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final


class Reason(StrEnum):
    """Why a human is needed; the gravest first."""

    SAFETY_CONCERN = "safety_concern"
    USER_REQUEST = "user_request"
    EXPERT_REQUIRED = "expert_required"
    COMPLEX_ISSUE = "complex_issue"
    LOW_CONFIDENCE = "low_confidence"
    STEPS_EXCEEDED = "steps_exceeded"


class Priority(StrEnum):
    """How urgent a ticket is; the lowest first."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    URGENT = "urgent"


REASONS: Final = tuple(Reason)
PRIORITIES: Final = tuple(Priority)

BASE_PRIORITY: Final[Mapping[str, Priority]] = {
    Reason.SAFETY_CONCERN: Priority.URGENT,
    Reason.USER_REQUEST: Priority.MEDIUM,
    Reason.EXPERT_REQUIRED: Priority.HIGH,
    Reason.COMPLEX_ISSUE: Priority.MEDIUM,
    Reason.LOW_CONFIDENCE: Priority.MEDIUM,
    Reason.STEPS_EXCEEDED: Priority.MEDIUM,
}
# ABParts' words for the same in `escalation_triggers.trigger_type`.
TRIGGER_TYPE: Final[Mapping[str, str]] = {
    Reason.SAFETY_CONCERN: "safety_concern",
    Reason.USER_REQUEST: "user_request",
    Reason.EXPERT_REQUIRED: "expert_required",
    Reason.COMPLEX_ISSUE: "user_request",
    Reason.LOW_CONFIDENCE: "confidence_low",
    Reason.STEPS_EXCEEDED: "steps_exceeded",
}
REASON_WORDS: Final[Mapping[str, str]] = {
    Reason.SAFETY_CONCERN: "Safety concern identified",
    Reason.USER_REQUEST: "User requested expert help",
    Reason.EXPERT_REQUIRED: "Expert knowledge required",
    Reason.COMPLEX_ISSUE: "Complex technical issue",
    Reason.LOW_CONFIDENCE: "AI has low confidence in its solution",
    Reason.STEPS_EXCEEDED: "Too many troubleshooting steps attempted",
}


def by_gravity(reasons: Iterable[str]) -> list[str]:
    """Each reason once, the gravest first."""
    return sorted(set(reasons), key=REASONS.index)


def highest(priorities: Iterable[str]) -> str:
    """The highest of some priorities."""
    return max(priorities, key=PRIORITIES.index)


def rank(priority: str, safety: bool) -> int:
    """The place in the mail queue: 0 for safety, then urgent 1, high 2, medium 3, low 4."""
    return 0 if safety else len(PRIORITIES) - PRIORITIES.index(priority)


def priority_of_rank(place: int) -> str:
    """The priority of a place in the mail queue; safety is urgent."""
    return PRIORITIES[len(PRIORITIES) - max(1, place)]
