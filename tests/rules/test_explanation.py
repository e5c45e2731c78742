"""Why there is a ticket or none, in words."""

from typing import Any

import pytest

from rules.explanation import explain

CALM: dict[str, Any] = {"rule": "low_confidence", "fired": False, "observed": 0.55, "limit": 0.3}
LESS_CALM = CALM | {"observed": 0.42}
STEP: dict[str, Any] = {"rule": "steps_exceeded", "fired": False, "step": 1, "failed": True, "limit": 8}
HELPED = STEP | {"step": 3, "failed": False}
WEAK: dict[str, Any] = {
    "rule": "user_request",
    "fired": False,
    "weak": True,
    "phrase": "my boss",
    "reason": "a wish",
}
DANGER: dict[str, Any] = {"rule": "safety_concern", "fired": True, "phrase": "smoke"}
DOUBT: dict[str, Any] = {"rule": "low_confidence", "fired": True, "observed": 0.1, "limit": 0.3}
EXPERT: dict[str, Any] = {"rule": "expert_required", "fired": True, "grounds": ["requires_expert", "expert category"]}


def ticket(reasons: dict[str, Any], **members: str) -> dict[str, Any]:
    return {"ticket_number": "AB-20260301-0001", "priority": "urgent", "status": "open", "reasons": reasons} | members


@pytest.mark.parametrize(
    ("evidence", "tickets", "events", "rejected", "said"),
    [
        ([], [], 0, 0, "No event of this session has arrived."),
        ([], [], 0, 1, "No event of this session has arrived. 1 event could not be read and was set aside."),
        ([], [], 1, 0, "No ticket: no rule fired in 1 event."),
        (
            [CALM, LESS_CALM, STEP, STEP, STEP | {"step": 2}, HELPED, WEAK],
            [],
            6,
            2,
            "No ticket: no rule fired in 6 events. The lowest confidence was 0.42; a ticket needs less than 0.3. "
            "2 steps did not help; a ticket needs 8. Heard without counting it: “my boss” (a wish). "
            "2 events could not be read and were set aside.",
        ),
        (
            [DOUBT, DANGER],
            [],
            2,
            0,
            "No ticket, although rules fired (Safety concern identified; AI has low confidence in its solution): "
            "the worker only watches (MODE=shadow).",
        ),
        (
            [DOUBT, DANGER, EXPERT],
            [ticket({"low_confidence": DOUBT, "expert_required": EXPERT, "safety_concern": DANGER})],
            3,
            0,
            "Ticket AB-20260301-0001 (urgent, open): Safety concern identified (“smoke”); Expert knowledge required "
            "(requires_expert, expert category); AI has low confidence in its solution (0.1, limit 0.3).",
        ),
        (
            [],
            [ticket({}, status="closed"), ticket({"user_request": {}}, ticket_number="AB-20260302-0001")],
            3,
            0,
            "Ticket AB-20260301-0001 (urgent, closed): it was opened by somebody else. "
            "Ticket AB-20260302-0001 (urgent, open): User requested expert help.",
        ),
    ],
)
def test_the_story_is_told(
    evidence: list[dict[str, Any]], tickets: list[dict[str, Any]], events: int, rejected: int, said: str
) -> None:
    assert explain(evidence, tickets, events, rejected) == said
