"""ABParts' rows as events: dicts, rows and models, with the habits of its code."""

import json
from datetime import UTC, datetime, timedelta, timezone
from enum import Enum
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest

from escalation_client import Outcome, Receipt, abparts
from escalation_client.events import ConfidenceReported, Event, MessageAdded, StepRecorded, encode

SESSION = {"id": "s1", "user_id": "u1", "machine_id": "m1", "status": "active", "language": "el"}
MESSAGE = {"id": "m1", "session_id": "s1", "sender": "user", "content": "smoke", "message_type": "text"}
STEP = {"id": "st1", "session_id": "s1", "step_number": 2, "instruction": "Check", "completed": False, "success": False}


class Status(Enum):
    RESOLVED = "resolved"


def step(**columns: Any) -> StepRecorded:
    return abparts.step({**STEP, **columns})


def test_a_session_is_told_with_who_and_which_machine() -> None:
    event = abparts.session(SESSION)
    assert (event.session_id, event.user_id, event.machine_id, event.language) == ("s1", "u1", "m1", "el")
    assert event.id == abparts.session(SESSION).id


@pytest.mark.parametrize("shape", [dict, lambda row: SimpleNamespace(**row)])
def test_a_message_is_the_same_event_from_a_dict_and_from_a_model(shape: Any) -> None:
    [event] = abparts.message(shape(MESSAGE))
    assert isinstance(event, MessageAdded)
    assert (event.id, event.content) == (MessageAdded.deterministic_id("m1"), "smoke")


def test_the_older_shape_s_columns_and_uuids_are_known() -> None:
    key, now = uuid4(), datetime(2026, 3, 1, 10, tzinfo=timezone(timedelta(hours=2)))
    row = {"message_id": key, "session_id": key, "sender": "assistant", "content": "Hello", "created_at": now}
    [event] = abparts.message(row)
    assert isinstance(event, MessageAdded)
    assert (event.message_id, event.session_id) == (str(key), str(key))
    assert event.occurred_at == datetime(2026, 3, 1, 8, tzinfo=UTC)
    assert abparts.session({"session_id": key, "user_id": key}).session_id == str(key)


def test_a_column_without_a_zone_is_not_believed() -> None:
    [event] = abparts.message({**MESSAGE, "timestamp": datetime(2020, 1, 1)})
    assert abs(event.occurred_at - datetime.now(UTC)).total_seconds() < 60


@pytest.mark.parametrize("metadata", [{"confidence": 0.2}, '{"confidence": 0.2}'])
def test_a_message_s_confidence_is_told_with_it(metadata: Any) -> None:
    _, confidence = abparts.message({**MESSAGE, "message_metadata": metadata})
    assert isinstance(confidence, ConfidenceReported)
    assert confidence.confidence == 0.2


@pytest.mark.parametrize("metadata", [None, "", "{", "[]", {}, {"confidence": "high"}, {"confidence": 85}, 7])
def test_other_metadata_of_a_message_is_nobody_s_error(metadata: Any) -> None:
    assert len(list(abparts.message({**MESSAGE, "message_metadata": metadata}))) == 1


def test_a_message_without_a_session_and_its_confidence_stay_together() -> None:
    both = list(abparts.message({**MESSAGE, "session_id": "null", "message_metadata": {"confidence": 0.1}}))
    assert len({event.session_id for event in both}) == 1
    assert all(event.extra["session_unknown"] for event in both)


@pytest.mark.parametrize(
    ("columns", "completed", "success"),
    [
        ({}, False, None),
        ({"success": True}, False, None),
        ({"success": None}, False, None),
        ({"completed": True, "user_feedback": "didnt_work"}, True, False),
        ({"completed": True, "user_feedback": "It worked!"}, True, True),
        ({"completed": True, "user_feedback": "worked"}, True, True),
        ({"completed": True, "user_feedback": "partially_worked"}, True, False),
        ({"completed": True, "success": True}, True, True),
        ({"completed": True, "success": None}, True, None),
    ],
)
def test_only_a_completed_step_has_helped_or_not(columns: Any, completed: bool, success: bool | None) -> None:
    event = step(**columns)
    assert (event.completed, event.success) == (completed, success)


def test_a_step_is_one_event_until_it_is_answered() -> None:
    assert step().id == step(created_at="now").id
    assert step().id != step(completed=True, user_feedback="didnt_work").id


@pytest.mark.parametrize("shape", [lambda value: value, json.dumps])
def test_a_diagnosis_of_any_shape_is_told(shape: Any) -> None:
    said = {
        "problem_category": None,
        "likely_causes": [{"cause": "worn seal"}, "dirt"],
        "confidence_level": "LOW",
        "estimated_duration": 22.5,
        "safety_warnings": None,
        "requires_expert": "yes",
        "created_at": "2026-03-01T10:00:00",
    }
    [event] = abparts.diagnosis({**SESSION, "session_metadata": shape({"diagnostic_assessment": said})})
    assert (event.problem_category, event.confidence_level, event.requires_expert) == ("other", "low", True)
    assert (event.likely_causes, event.estimated_duration) == (("worn seal", "dirt"), 23)
    [same] = abparts.diagnosis(SESSION, said)
    assert same.id == event.id
    [other] = abparts.diagnosis(SESSION, said | {"confidence_level": "high"})
    assert other.id != event.id


@pytest.mark.parametrize("metadata", [None, {}, "{}", "no json", {"diagnostic_assessment": None}, []])
def test_a_session_without_a_diagnosis_tells_none(metadata: Any) -> None:
    assert list(abparts.diagnosis({**SESSION, "session_metadata": metadata})) == []


@pytest.mark.parametrize("level", [None, "", "unsure", 0.4, ["low"]])
def test_a_diagnosis_that_does_not_say_how_sure_it_is_does_not_pass_for_a_sure_one(level: Any) -> None:
    [event] = abparts.diagnosis(SESSION, {"confidence_level": level, "requires_expert": "perhaps"})
    assert event.confidence_level == "low"
    assert event.extra["unfit"] == {"confidence_level": level, "requires_expert": "perhaps"}


@pytest.mark.parametrize(
    ("status", "told"),
    [
        ("completed", "completed"),
        ("resolved", "completed"),
        (Status.RESOLVED, "completed"),
        ("Escalated", "escalated"),
        ("abandoned", "abandoned"),
    ],
)
def test_each_end_is_told(status: Any, told: str) -> None:
    [event] = abparts.ended({**SESSION, "status": status})
    assert event.status == told


@pytest.mark.parametrize("status", ["active", "paused", None, "", 7])
def test_a_session_that_goes_on_tells_no_end(status: Any) -> None:
    assert list(abparts.ended({**SESSION, "status": status})) == []


def test_a_session_that_ends_again_is_told_again() -> None:
    ends = [abparts.ended({**SESSION, "status": "escalated", "updated_at": moment}) for moment in (1, 2)]
    assert len({event.id for [event] in map(list, ends)}) == 2


@pytest.mark.parametrize(
    ("form", "reason", "priority"),
    [
        ({"escalation_reason": "safety_concern", "priority": "urgent"}, "safety_concern", "urgent"),
        ({"reason": "confidence_low", "priority": "critical"}, "low_confidence", "urgent"),
        ({"reason": Status.RESOLVED, "priority": ["high"]}, "user_request", None),
        (SimpleNamespace(escalation_reason="complex_issue", priority=None), "complex_issue", None),
        ({}, "user_request", None),
    ],
)
def test_the_ticket_dialogue_is_a_request(form: Any, reason: str, priority: str | None) -> None:
    event = abparts.escalation("s1", form, "u1")
    assert (event.session_id, event.reason, event.priority, event.requested_by) == ("s1", reason, priority, "u1")


def test_each_dialogue_is_a_request_of_its_own_with_its_notes() -> None:
    form = {"additional_notes": "Please call me", "callback_phone": 4712345678}
    first, second = abparts.escalation("s1", form), abparts.escalation("s1", form)
    assert first.id != second.id
    assert (first.notes, first.callback_phone) == ("Please call me", "4712345678")


@pytest.mark.parametrize("session_id", [None, "null", "undefined", ""])
def test_dialogues_without_a_session_are_told_apart_by_their_users(session_id: Any) -> None:
    first, second = (abparts.escalation(session_id, {}, user) for user in ("u1", "u2"))
    assert first.session_id != second.session_id
    assert UUID(first.session_id)
    assert first.extra == {"session_unknown": True}


def test_what_one_user_does_in_a_lost_session_stays_together() -> None:
    now = datetime.now(UTC)
    [told] = abparts.message({**MESSAGE, "session_id": "null", "timestamp": now}, "u1")
    again = MessageAdded(
        session_id="", message_id="m2", sender="user", content="", occurred_at=now, extra={"user_id": "u1"}
    )
    assert told.session_id == again.session_id
    assert abparts.step({**STEP, "session_id": "null"}, "u1").extra == told.extra == again.extra


def receipt(outcome: Outcome | None) -> Receipt:
    return Receipt(session_id="s1", entry_id="1-0", position=None, outcome=outcome, say="Noted.")


def test_the_dialogue_s_answer_fits_the_response_model_with_and_without_a_number() -> None:
    assert abparts.answer(receipt(None)) == {
        "ticket_id": "", "ticket_number": "", "status": "pending", "message": "Noted.", "expert_contact_info": None,
    }  # fmt: skip
    contact = {"name": "General support", "phone": "+47 1"}
    opened = Outcome(
        id=uuid4(), type="ticket.opened", occurred_at=datetime.now(UTC), ticket_id="t1", ticket_number="AB-1",
        contact=contact,
    )  # fmt: skip
    assert abparts.answer(receipt(opened)) == {
        "ticket_id": "t1", "ticket_number": "AB-1", "status": "created", "message": "Noted.",
        "expert_contact_info": {"primary_contact": contact},
    }  # fmt: skip


def test_a_row_with_a_lost_session_counts_each_time() -> None:
    events: list[Event] = []
    for _ in range(2):
        events += abparts.ended({"id": "null", "status": "escalated"})
    assert len({event.id for event in events}) == 2
    assert all(encode(event) for event in events)
