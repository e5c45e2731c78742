"""The reasons why a human is needed, gravest first, and the priorities, lowest first."""

from collections.abc import Iterable
from typing import Final

REASONS: Final = (
    "safety_concern",
    "user_request",
    "expert_required",
    "complex_issue",
    "low_confidence",
    "steps_exceeded",
)
PRIORITIES: Final = ("low", "medium", "high", "urgent")

BASE_PRIORITY: Final = {
    "safety_concern": "urgent",
    "user_request": "medium",
    "expert_required": "high",
    "complex_issue": "medium",
    "low_confidence": "medium",
    "steps_exceeded": "medium",
}
# ABParts' words for the same in `escalation_triggers.trigger_type`.
TRIGGER_TYPE: Final = {
    "safety_concern": "safety_concern",
    "user_request": "user_request",
    "expert_required": "expert_required",
    "complex_issue": "user_request",
    "low_confidence": "confidence_low",
    "steps_exceeded": "steps_exceeded",
}
REASON_WORDS: Final = {
    "safety_concern": "Safety concern identified",
    "user_request": "User requested expert help",
    "expert_required": "Expert knowledge required",
    "complex_issue": "Complex technical issue",
    "low_confidence": "AI has low confidence in its solution",
    "steps_exceeded": "Too many troubleshooting steps attempted",
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
