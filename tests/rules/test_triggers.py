"""Each trigger at its limits: what fires, with which priority, and what is kept as evidence."""

import pytest

from config.lexicon import load_lexicon
from config.policy import load_policy
from config.settings import CONFIG_FOLDER
from escalation_client.events import Event, StepRecorded
from rules.triggers import Signal, examine
from tests.events import at, confidence, diagnosed, ended, message, requested, started, step

POLICY = load_policy(CONFIG_FOLDER / "policy.toml")


def asked(event: Event) -> dict[str, Signal]:
    signals = examine(event, POLICY, load_lexicon())
    return {signal.reason: signal for signal in signals if not signal.evidence.get("weak")}


def fired(event: Event) -> dict[str, str]:
    return {signal.reason: signal.priority for signal in examine(event, POLICY, load_lexicon()) if signal.fired}


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (confidence("s", 0.29), {"low_confidence": "medium"}),
        (confidence("s", 0.3), {}),
        (confidence("s", 0.0), {"low_confidence": "medium"}),
        (diagnosed("s", confidence=0.1), {"low_confidence": "medium"}),
        (diagnosed("s", level="very_low"), {"expert_required": "high"}),
        (diagnosed("s", level="low", category="hydraulic"), {"expert_required": "high"}),
        (diagnosed("s", level="low", category=" Electrical "), {"expert_required": "high"}),
        (diagnosed("s", level="low", category="startup"), {}),
        (diagnosed("s", level="medium", category="hydraulic"), {}),
        (diagnosed("s", requires_expert=True), {"expert_required": "high"}),
        (diagnosed("s", warnings=2), {}),
        (diagnosed("s", warnings=3), {"expert_required": "high"}),
        (requested("s"), {"user_request": "medium"}),
        (requested("s", priority="low"), {"user_request": "low"}),
        (requested("s", "complex_issue"), {"complex_issue": "medium"}),
        (requested("s", "complex_issue", "urgent"), {"complex_issue": "urgent"}),
        (requested("s", "expert_required"), {"expert_required": "high"}),
        (requested("s", "safety_concern", "low"), {"safety_concern": "urgent"}),
        (
            requested("s", notes="There is smoke coming from the cabinet"),
            {"user_request": "medium", "safety_concern": "urgent"},
        ),
        (ended("s", "escalated"), {"expert_required": "high"}),
        (ended("s", "completed"), {}),
        (started("s"), {}),
        (message("s", "I want to talk to a human"), {"user_request": "medium"}),
        (message("s", "There is smoke coming from the cabinet"), {"safety_concern": "urgent"}),
        (message("s", "There is smoke coming from the cabinet", sender="assistant"), {}),
        (message("s", "Please look at the gauge", sender="assistant", safety=True), {"safety_concern": "urgent"}),
        (message("s", "That was helpful, the pressure gauge shows 80 bar"), {}),
    ],
)
def test_what_fires(event: Event, expected: dict[str, str]) -> None:
    assert fired(event) == expected


def test_every_rule_is_asked_not_only_the_first_that_matches() -> None:
    event = message("s", "Smoke is coming from the cabinet, I want to talk to a technician now")
    assert fired(event) == {"safety_concern": "urgent", "user_request": "medium"}


def test_feedback_on_a_step_is_a_users_text() -> None:
    event = StepRecorded(
        session_id="s", occurred_at=at(1), step_number=2, completed=True, success=False,
        user_feedback="sparks and smoke from the motor",
    )  # fmt: skip
    assert fired(event) == {"safety_concern": "urgent"}


def test_a_silent_rule_keeps_what_it_saw_and_the_limit() -> None:
    signal = asked(confidence("s", 0.8))["low_confidence"]
    assert signal.as_evidence() == {"rule": "low_confidence", "fired": False, "observed": 0.8, "limit": 0.3}


def test_evidence_of_danger_names_the_phrase_and_the_message() -> None:
    evidence = asked(message("s", "There is smoke coming from the cabinet"))["safety_concern"].as_evidence()
    assert "smoke" in str(evidence["phrase"]).lower()
    assert evidence["message_id"] == "s-1"


def test_a_single_step_does_not_fire_by_itself() -> None:
    assert asked(step("s", 3))["steps_exceeded"].as_evidence()["failed"] is True
    assert fired(step("s", 3)) == {}
