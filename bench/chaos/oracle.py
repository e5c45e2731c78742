"""What must exist after a storm, computed from the published events alone and without any code of the worker's."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bench.chaos.sessions import DANGER, WISH

GRAVEST_FIRST = (
    "safety_concern",
    "user_request",
    "expert_required",
    "complex_issue",
    "low_confidence",
    "steps_exceeded",
)
LOWEST_FIRST = ("low", "medium", "high", "urgent")
FAILED_STEPS = 8
CONFIDENCE = 0.3


@dataclass(frozen=True, slots=True)
class Expected:
    """A session's end: its status and, if it needs a human, why and how urgently."""

    status: str
    reasons: frozenset[str] = frozenset()
    priority: str | None = None

    @property
    def gravest(self) -> str:
        return min(self.reasons, key=GRAVEST_FIRST.index)


def expected(events: Iterable[Mapping[str, Any]]) -> dict[str, Expected]:
    """Each session's end, by session id."""
    sessions: dict[str, list[Mapping[str, Any]]] = {}
    for event in events:
        sessions.setdefault(event["session_id"], []).append(event)
    return {session: end_of(its) for session, its in sessions.items()}


def end_of(events: list[Mapping[str, Any]]) -> Expected:
    found = [reason for event in events if (reason := reason_of(event["type"], event["data"]))]
    failed = {event["data"]["step_number"] for event in events if is_failed_step(event)}
    if len(failed) >= FAILED_STEPS:
        found.append(("steps_exceeded", "medium"))
    if not found:
        return Expected(status_of(events))
    priority = max((priority for _, priority in found), key=LOWEST_FIRST.index)
    return Expected("escalated", frozenset(reason for reason, _ in found), priority)


def is_failed_step(event: Mapping[str, Any]) -> bool:
    data = event["data"]
    return event["type"] == "step.recorded" and data["completed"] and data["success"] is False


def reason_of(kind: str, data: Mapping[str, Any]) -> tuple[str, str] | None:
    """The reason and priority that one event gives by itself."""
    if kind == "message.added" and data["content"] in DANGER:
        return "safety_concern", "urgent"
    if kind == "message.added" and data["content"] in WISH:
        return "user_request", "medium"
    if kind == "confidence.reported" and data["confidence"] < CONFIDENCE:
        return "low_confidence", "medium"
    if (kind == "diagnosis.made" and data["requires_expert"]) or (
        kind == "session.ended" and data["status"] == "escalated"
    ):
        return "expert_required", "high"
    if kind == "escalation.requested":
        return data["reason"], data["priority"] or "medium"
    return None


def status_of(events: Iterable[Mapping[str, Any]]) -> str:
    ends = {event["data"]["status"] for event in events if event["type"] == "session.ended"}
    return next((status for status in ("completed", "abandoned") if status in ends), "active")
