"""ABParts' assistant with the lines of docs/abparts.md: the right tickets and mails in each shape of its database."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.abparts_like.conftest import Assistant, text_of
from tests.abparts_like.shapes import Shape
from tests.processes import wait_for

pytestmark = pytest.mark.long

ASSESSMENT = {
    "problem_category": None,
    "likely_causes": [{"cause": "worn impeller", "probability": 0.7}, "blocked filter"],
    "confidence_level": "very_low",
    "recommended_steps": ["Check the filter"],
    "safety_warnings": ["hot surface"],
    "estimated_duration": 22.5,
    "requires_expert": True,
}
SURE = ASSESSMENT | {"confidence_level": "high", "requires_expert": False}


# In the shape of its models ABParts' own code cannot store a step's answer or a session's end.
stored_steps = pytest.mark.parametrize("shape", [Shape.PRODUCTION, Shape.OLDER], indirect=True, scope="module")
of_the_models = pytest.mark.parametrize("shape", [Shape.MODELS], indirect=True, scope="module")


def test_danger_in_the_chat_opens_an_urgent_ticket_with_the_conversation(assistant: Assistant) -> None:
    session_id = assistant.say("the pump makes a noise")
    assistant.say("there is smoke coming out of the cabinet", session_id)
    ticket = assistant.ticket(session_id)
    assert (ticket["priority"], ticket["escalation_reason"]) == ("urgent", "safety_concern")
    mail = text_of(assistant.mail(ticket["ticket_number"]))
    assert mail.count("there is smoke coming out of the cabinet") >= 1
    assert "the pump makes a noise" in mail
    [session] = assistant.rows("SELECT * FROM ai_sessions WHERE id = %s", session_id)
    assert (session["status"], session["user_id"]) == ("escalated", assistant.user)


def test_the_conversation_shows_the_right_time_also_where_abparts_stores_local_time(assistant: Assistant) -> None:
    session_id = assistant.say("the pump rattles")
    assistant.say("there is smoke", session_id)
    mail = text_of(assistant.mail(assistant.ticket(session_id)["ticket_number"]))
    shown = re.search(r"(\d\d):(\d\d) [^:\n]+: the pump rattles", mail)
    assert shown, mail
    now = datetime.now(UTC)
    minutes = (now.hour * 60 + now.minute - int(shown[1]) * 60 - int(shown[2])) % (24 * 60)
    assert minutes <= 5


def test_a_diagnosis_in_any_shape_reaches_the_mail(assistant: Assistant) -> None:
    session_id = assistant.say("it does not clean", assessment=ASSESSMENT)
    ticket = assistant.ticket(session_id)
    assert (ticket["priority"], ticket["escalation_reason"]) == ("high", "expert_required")
    mail = text_of(assistant.mail(ticket["ticket_number"]))
    assert "worn impeller" in mail
    assert "blocked filter" in mail
    assert assistant.rows("SELECT * FROM escalation.rejected_events") == []


def answered(assistant: Assistant, session_id: str, user: str | None = None, **form: str) -> dict[str, Any]:
    """The dialogue's answer with a number; a busy machine may need more than the second, and the user asks again."""
    answers: list[dict[str, Any]] = []

    def with_a_number() -> bool:
        answers.append(assistant.escalate(session_id, user, **form))
        return bool(answers[-1]["status"] == "created")

    wait_for(with_a_number, "a ticket number in the answer")
    assert all(answer["message"] for answer in answers)
    return answers[-1]


def test_the_dialogue_is_answered_with_the_number_in_its_response_model(assistant: Assistant) -> None:
    session_id = assistant.say("hello")
    answer = answered(assistant, session_id, additional_notes="Please call me", priority="high")
    ticket = assistant.ticket(session_id)
    assert (answer["ticket_number"], answer["ticket_id"]) == (ticket["ticket_number"], ticket["id"])
    assert ticket["ticket_number"] in answer["message"]
    assert ticket["priority"] == "high"
    assert "Please call me" in text_of(assistant.mail(ticket["ticket_number"]))


def test_users_whose_page_lost_its_session_get_a_ticket_each(assistant: Assistant) -> None:
    numbers = {
        answered(assistant, lost, user, additional_notes=user)["ticket_number"]
        for lost, user in (("null", "user-1"), ("undefined", "user-2"))
    }
    tickets = assistant.tickets()
    assert len(numbers & {ticket["ticket_number"] for ticket in tickets.values()}) == 2
    assert not tickets.keys() & {"null", "undefined"}


@stored_steps
def test_eight_steps_that_did_not_help_open_a_ticket_and_seven_do_not(assistant: Assistant) -> None:
    page = assistant.post("/chat", message="it does not clean", assessment=SURE)
    session_id = page["session_id"]
    for _ in range(7):
        page = assistant.post("/step-feedback", session_id=session_id, step_id=page["step_id"], feedback="didnt_work")
    evaluated = "SELECT count(*) AS n FROM escalation.event_inbox WHERE type = 'step.recorded' AND session_id = %s"
    wait_for(lambda: assistant.rows(evaluated, session_id)[0]["n"] == 15, "fifteen events of eight steps")
    assert session_id not in assistant.tickets()
    assistant.post("/step-feedback", session_id=session_id, step_id=page["step_id"], feedback="didnt_work")
    assert assistant.ticket(session_id)["escalation_reason"] == "steps_exceeded"


@stored_steps
def test_it_worked_opens_no_ticket_although_success_stays_false(assistant: Assistant) -> None:
    page = assistant.post("/chat", message="it does not clean", assessment=SURE)
    done = assistant.post("/step-feedback", session_id=page["session_id"], step_id=page["step_id"], feedback="worked")
    assert done["workflow_status"] == "resolved"
    [step] = assistant.rows("SELECT completed, success FROM troubleshooting_steps WHERE id = %s", page["step_id"])
    assert step == {"completed": True, "success": False}
    told = """SELECT payload->'data'->>'success' AS success, payload->'data'->>'status' AS status
              FROM escalation.event_inbox WHERE type IN ('step.recorded', 'session.ended') AND session_id = %s"""
    wait_for(lambda: len(assistant.rows(told, page["session_id"])) == 3, "the step, its answer and the end")
    said = {(row["success"], row["status"]) for row in assistant.rows(told, page["session_id"])}
    assert said == {(None, None), ("true", None), (None, "completed")}
    assert page["session_id"] not in assistant.tickets()


@stored_steps
def test_a_session_that_abparts_gives_up_without_a_ticket_gets_one(assistant: Assistant) -> None:
    page = assistant.post("/chat", message="it does not clean", assessment=SURE)
    assistant.post("/step-feedback", session_id=page["session_id"], step_id=page["step_id"], feedback="it got worse")
    assert assistant.ticket(page["session_id"])["escalation_reason"] == "expert_required"


@of_the_models
def test_what_abparts_cannot_store_is_told_all_the_same(assistant: Assistant) -> None:
    page = assistant.post("/chat", message="it does not clean", assessment=SURE)
    assert page["step_id"] is None
    assert assistant.rows("SELECT id FROM troubleshooting_steps") == []
    told = "SELECT 1 FROM escalation.event_inbox WHERE type = 'step.recorded' AND session_id = %s"
    wait_for(lambda: assistant.rows(told, page["session_id"]), "the event of the step")


def test_a_user_without_a_ticket_can_be_erased_as_before(assistant: Assistant) -> None:
    session_id = assistant.say("hello")
    wait_for(lambda: assistant.rows("SELECT 1 FROM escalation.event_inbox WHERE session_id = %s LIMIT 1", session_id),
             "the events")  # fmt: skip
    counts = assistant.post(f"/users/{assistant.user}/delete-data")
    assert (counts["messages"], counts["sessions"]) == (2, 1)
    assert assistant.rows("SELECT id FROM ai_sessions WHERE id = %s", session_id) == []
