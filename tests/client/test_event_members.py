"""Which values each member takes, as tables."""

import json
import pickle
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from escalation_client.events import (
    EVENT_TYPES,
    ConfidenceReported,
    DiagnosisMade,
    EscalationRequested,
    InvalidEvent,
    MessageAdded,
    SessionEnded,
    SessionStarted,
    StepRecorded,
    decode,
    encode,
    event_id,
)

ID = "2f1c9a52-0d6e-4b53-9d0f-6f1f6b1f7a10"
LEAST: dict[str, dict[str, Any]] = {
    "session.started": {"user_id": "u1"},
    "message.added": {"message_id": "m1", "sender": "user", "content": ""},
    "diagnosis.made": {"confidence_level": "low"},
    "step.recorded": {"step_number": 1},
    "confidence.reported": {"confidence": 0.5},
    "escalation.requested": {},
    "session.ended": {"status": "completed"},
}


def wire(type: str = "confidence.reported", top: dict[str, Any] | None = None, **data: Any) -> str:
    document = {"id": ID, "type": type, "session_id": "s1", "occurred_at": "2026-03-01T08:30:00Z"}
    return json.dumps(document | {"data": LEAST[type] | data} | (top or {}))


@pytest.mark.parametrize("type", EVENT_TYPES)
def test_the_least_that_each_type_needs_is_enough(type: str) -> None:
    assert decode(wire(type)).type == type


@pytest.mark.parametrize("type", [type for type in EVENT_TYPES if LEAST[type]])
@pytest.mark.parametrize("absent", ["missing", "null"])
def test_a_required_member_that_is_absent_is_named(type: str, absent: str) -> None:
    for name in LEAST[type]:
        document = json.loads(wire(type))
        document["data"] |= {name: None}
        if absent == "missing":
            del document["data"][name]
        with pytest.raises(InvalidEvent) as caught:
            decode(json.dumps(document))
        assert (caught.value.member, caught.value.value) == (f"data.{name}", "None")


@pytest.mark.parametrize(
    ("type", "member", "value"),
    [
        ("session.started", "user_id", ""),
        ("session.started", "user_id", 17),
        ("session.started", "user_id", "x" * 256),
        ("session.started", "machine_id", ""),
        ("session.started", "language", "e"),
        ("session.started", "language", "english!"),
        ("session.started", "language", 1),
        ("message.added", "message_id", ""),
        ("message.added", "sender", "robot"),
        ("message.added", "content", ["no text"]),
        ("message.added", "content", "nul \0 inside"),
        ("message.added", "content", "half of a pair \ud83d"),
        ("message.added", "message_type", "x" * 65),
        ("message.added", "safety", "true"),
        ("message.added", "safety", 1),
        ("diagnosis.made", "confidence_level", "lowish"),
        ("diagnosis.made", "likely_causes", "worn seal"),
        ("diagnosis.made", "safety_warnings", ["hot", 3]),
        ("diagnosis.made", "recommended_steps", ["nul \0"]),
        ("diagnosis.made", "requires_expert", 0),
        ("diagnosis.made", "estimated_duration", -1),
        ("diagnosis.made", "estimated_duration", 30.5),
        ("diagnosis.made", "estimated_duration", True),
        ("diagnosis.made", "estimated_duration", 2**31),
        ("step.recorded", "step_number", 0),
        ("step.recorded", "step_number", True),
        ("step.recorded", "step_number", 2**31),
        ("step.recorded", "completed", "yes"),
        ("step.recorded", "confidence", 1.0001),
        ("confidence.reported", "confidence", -0.1),
        ("confidence.reported", "confidence", True),
        ("confidence.reported", "confidence", "0.5"),
        ("confidence.reported", "confidence", 10**309),
        ("escalation.requested", "reason", "boredom"),
        ("escalation.requested", "priority", "urgentest"),
        ("escalation.requested", "requested_by", ""),
        ("escalation.requested", "callback_phone", 4712345678),
        ("session.ended", "status", "active"),
        ("confidence.reported", "unheard_of", "nul \0"),
        ("confidence.reported", "unheard_of", ["half \udc00"]),
        ("confidence.reported", "unheard_of", {"deep\0": 1}),
        ("confidence.reported", "unheard_of", [10**400]),
    ],
)
def test_a_value_that_a_member_cannot_take_is_refused_by_name(type: str, member: str, value: Any) -> None:
    with pytest.raises(InvalidEvent) as caught:
        decode(wire(type, **{member: value}))
    error = caught.value
    assert error.member == f"data.{member}"
    assert (error.event_id, error.session_id) == (UUID(ID), "s1")
    assert len(error.value) <= 80
    str(error).encode()


@pytest.mark.parametrize(
    ("type", "member", "value", "kept"),
    [
        ("session.started", "language", "nb", "no"),
        ("session.started", "language", "nn-NO", "no"),
        ("session.started", "language", "en-US", "en"),
        ("session.started", "language", "EL", "el"),
        ("session.started", "language", "es_CL", "es"),
        ("session.started", "language", "de", "de"),
        ("session.started", "language", "zh-Hant-TW", "zh-Hant-TW"),
        ("session.started", "language", None, None),
        ("message.added", "message_type", "hologram", "hologram"),
        ("message.added", "message_type", None, "text"),
        ("diagnosis.made", "confidence_level", " Very  Low ", "very_low"),
        ("diagnosis.made", "problem_category", "Winch — ταμπούρο", "Winch — ταμπούρο"),
        ("diagnosis.made", "problem_category", None, "other"),
        ("diagnosis.made", "likely_causes", ["a", "b"], ("a", "b")),
        ("diagnosis.made", "safety_warnings", None, ()),
        ("diagnosis.made", "estimated_duration", 30.0, 30),
        ("step.recorded", "success", None, None),
        ("confidence.reported", "confidence", 1, 1.0),
        ("confidence.reported", "confidence", 0, 0.0),
        ("escalation.requested", "reason", None, "user_request"),
    ],
)
def test_a_value_is_kept_as_the_rules_want_it(type: str, member: str, value: Any, kept: Any) -> None:
    assert getattr(decode(wire(type, **{member: value})), member) == kept


def test_unknown_members_are_kept_and_written_again() -> None:
    event = decode(wire(top={"trace": {"span": 1}, "version": "1.4"}, mood="calm", weights=[0.5, None]))
    assert event.extra == {"mood": "calm", "weights": [0.5, None]}
    assert json.loads(encode(event))["data"] == {"confidence": 0.5, "mood": "calm", "weights": [0.5, None]}


@pytest.mark.parametrize(
    "build",
    [
        lambda: SessionStarted(session_id="s" * 65, user_id="u"),
        lambda: MessageAdded(session_id="s", message_id="m", sender="robot", content=""),
        lambda: DiagnosisMade(session_id="s", confidence_level="none"),
        lambda: StepRecorded(session_id="s", step_number=0),
        lambda: ConfidenceReported(session_id="s", confidence=float("nan")),
        lambda: ConfidenceReported(session_id="s", confidence=0.1, occurred_at=datetime(2026, 3, 1)),
        lambda: ConfidenceReported(session_id="s", confidence=0.1, id=UUID(int=0)),
        lambda: ConfidenceReported(session_id="s", confidence=0.1, version=2),
        lambda: ConfidenceReported(session_id="s", confidence=0.1, extra={"confidence": 0.9}),
        lambda: ConfidenceReported(session_id="s", confidence=0.1, extra={"nested": {1: "one"}}),
        lambda: ConfidenceReported(session_id="s", confidence=0.1, extra={"when": datetime.now(UTC)}),
        lambda: EscalationRequested(session_id="s", reason="boredom"),
        lambda: SessionEnded(session_id="s", status="active"),
    ],
)
def test_building_an_event_refuses_what_the_worker_would_refuse(build: Any) -> None:
    with pytest.raises(InvalidEvent, match="expected"):
        build()


def test_an_event_cannot_be_changed() -> None:
    event = ConfidenceReported(session_id="s", confidence=0.1)
    with pytest.raises(AttributeError):
        event.confidence = 0.9  # type: ignore[misc]


def test_events_and_their_errors_may_travel_between_processes() -> None:
    event = MessageAdded(session_id="s", message_id="m", sender="user", content="hello", extra={"mood": "calm"})
    travelled = pickle.loads(pickle.dumps(event))
    assert (travelled, travelled.extra) == (event, event.extra)
    with pytest.raises(InvalidEvent) as caught:
        decode(wire(confidence=7))
    error = pickle.loads(pickle.dumps(caught.value))
    assert (str(error), vars(error)) == (str(caught.value), vars(caught.value))


def test_the_same_row_gives_the_same_id_and_another_row_another() -> None:
    first = MessageAdded.deterministic_id("m1")
    assert first == MessageAdded.deterministic_id("m1") == event_id("message.added", "m1")
    assert first != MessageAdded.deterministic_id("m2")
    assert first != StepRecorded.deterministic_id("m1")
    # Publishers in other languages rely on this very value.
    assert str(first) == "ede617d8-2b2e-5d9c-8e21-297d162d5142"


def test_without_an_id_and_a_time_an_event_is_new_and_now() -> None:
    one, two = (ConfidenceReported(session_id="s", confidence=0.1) for _ in range(2))
    assert one.id != two.id
    assert datetime.now(UTC) - one.occurred_at < timedelta(minutes=1)
