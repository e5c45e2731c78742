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


HEARD: dict[str, Any] = {
    "rule": "safety_concern",
    "fired": True,
    "ear": "second",
    "observed": 0.93,
    "limit": 0.5,
    "ask_from": 0.1,
    "phrase": "he is under it",
}
UNSURE = HEARD | {"fired": False, "observed": 0.2}


@pytest.mark.parametrize(
    ("evidence", "said"),
    [
        (
            [UNSURE],
            "The second ear was not sure of “he is under it”: 0.2 for “Safety concern identified”, and 0.5 is needed; "
            "from 0.1 on the user is asked.",
        ),
        ([UNSURE | {"answer": "no"}], "Asked about “he is under it”, the user said no."),
        ([{"rule": "safety_concern", "fired": False, "answer": "no"}], "Asked about a text, the user said no."),
        (
            [{"rule": "user_request", "fired": False, "ears": "word lists alone"}],
            "No second ear listened (switched off, or its wheels are missing): the word lists heard alone.",
        ),
        (
            [{"rule": "safety_concern", "fired": False, "phrase": "smoke", "waits_for": "second ear"}],
            "“smoke” leaves the word lists in doubt; it waits for the second ear.",
        ),
    ],
)
def test_both_ears_are_explained_where_there_is_no_ticket(evidence: list[dict[str, Any]], said: str) -> None:
    assert explain(evidence, [], 1, 0) == f"No ticket: no rule fired in 1 event. {said}"


def test_a_ticket_says_what_the_second_ear_heard_and_what_the_user_answered() -> None:
    told = explain([], [ticket({"safety_concern": HEARD})], 1, 0)
    assert "Safety concern identified (“he is under it”, second ear 0.93, limit 0.5)" in told
    told = explain([], [ticket({"safety_concern": HEARD | {"observed": 0.2, "answer": "none"}})], 1, 0)
    assert "second ear 0.2, limit 0.5; asked, the user did not answer" in told
