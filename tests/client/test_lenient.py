"""Members in other shapes: converted where their meaning is clear, else left out and named; the event goes on."""

import math
from datetime import UTC, datetime
from enum import Enum
from typing import Any
from uuid import uuid4

import pytest

from escalation_client.events import (
    EVENT_TYPES,
    DiagnosisMade,
    InvalidEvent,
    MessageAdded,
    StepRecorded,
    decode,
    encode,
)
from escalation_client.events.lenient import build_leniently
from escalation_client.events.types import MEMBERS

STRANGE: list[Any] = [
    "", "text", "null", "nul \0", "half \ud83d", 0, -1, 1.5, 10**400, math.nan, math.inf, True, [], [None, {"a": [1]}],
    {}, {"a": {"b": object}}, b"bytes", object(), datetime(2026, 3, 1), "x" * 70_000, [["deep"]], ("a", 1),
]  # fmt: skip
LEAST: dict[str, dict[str, Any]] = {
    "session.started": {"user_id": "u1"},
    "message.added": {"message_id": "m1", "sender": "user", "content": "smoke"},
    "diagnosis.made": {"confidence_level": "low"},
    "step.recorded": {"step_number": 1},
    "confidence.reported": {"confidence": 0.5},
    "escalation.requested": {},
    "session.ended": {"status": "completed"},
}
OPTIONAL = [
    (type, member.name)
    for type, kind in EVENT_TYPES.items()
    for member in MEMBERS[kind]
    if not member.required and member.name != "extra"
]


class Sender(Enum):
    USER = "user"


@pytest.mark.parametrize(("type", "member"), OPTIONAL)
def test_no_shape_of_an_optional_member_costs_the_event(type: str, member: str) -> None:
    for strange in STRANGE:
        event = build_leniently(EVENT_TYPES[type], **{"session_id": "s1", **LEAST[type], member: strange})
        assert event.session_id == "s1"
        again = decode(encode(event))
        assert again == event
        assert again.extra.keys() == event.extra.keys()


def diagnosis(**members: Any) -> DiagnosisMade:
    return build_leniently(DiagnosisMade, session_id="s1", confidence_level="low", **members)


@pytest.mark.parametrize(
    ("member", "value", "kept"),
    [
        ("estimated_duration", 22.5, 23),
        ("estimated_duration", "30", 30),
        ("likely_causes", [{"cause": "worn seal", "probability": 0.7}, "dirt"], ("worn seal", "dirt")),
        ("likely_causes", [{"Description": "a crack"}, None, 3, ""], ("a crack", "3")),
        ("likely_causes", [{"odd": 1}], ('{"odd": 1}',)),
        ("likely_causes", {"name": "one only"}, ("one only",)),
        ("safety_warnings", "hot surface", ("hot surface",)),
        ("problem_category", None, "other"),
        ("problem_category", 7, "7"),
        ("requires_expert", "true", True),
        ("requires_expert", 1, True),
        ("confidence", "0.25", 0.25),
        ("confidence_level", "Very-Low", "very_low"),
        ("recommended_steps", None, ()),
    ],
)
def test_a_clear_meaning_is_kept(member: str, value: Any, kept: Any) -> None:
    event = build_leniently(DiagnosisMade, **{"session_id": "s1", "confidence_level": "low", member: value})
    assert getattr(event, member) == kept
    assert event.extra == {}


@pytest.mark.parametrize(
    ("member", "value", "raw"),
    [
        ("estimated_duration", "half an hour", "half an hour"),
        ("estimated_duration", -5, -5),
        ("confidence", 85, 85),
        ("confidence", math.nan, "nan"),
        ("requires_expert", "perhaps", "perhaps"),
        ("likely_causes", 7, 7),
        ("estimated_duration", "9" * 3_000, "'" + "9" * 199),
    ],
)
def test_what_has_no_clear_meaning_is_left_out_and_its_raw_value_told(member: str, value: Any, raw: Any) -> None:
    event = diagnosis(**{member: value})
    assert getattr(event, member) == getattr(diagnosis(), member)
    assert event.extra == {"unfit": {member: raw}}


def test_keys_of_other_types_are_text_and_words_may_be_enums() -> None:
    key = uuid4()
    event = build_leniently(MessageAdded, session_id=key, message_id=42, sender=Sender.USER, content="hello")
    assert (event.session_id, event.message_id, event.sender) == (str(key), "42", "user")


def test_a_time_without_a_zone_is_left_out_and_an_own_extra_stays() -> None:
    moment = datetime(2026, 3, 1)
    event = build_leniently(StepRecorded, session_id="s1", step_number=1, occurred_at=moment, extra={"mine": 1})
    assert abs(event.occurred_at - datetime.now(UTC)).total_seconds() < 60
    assert (event.extra["mine"], list(event.extra["unfit"])) == (1, ["occurred_at"])


@pytest.mark.parametrize("members", [{"step_number": 0}, {"step_number": "first"}, {}])
def test_what_the_rules_cannot_do_without_still_has_to_fit(members: dict[str, Any]) -> None:
    with pytest.raises(InvalidEvent, match=r"data\.step_number"):
        build_leniently(StepRecorded, session_id="s1", **members)


def test_a_member_that_there_is_not_is_the_caller_s_mistake() -> None:
    with pytest.raises(TypeError, match="StepRecorded has no member stepnumber"):
        build_leniently(StepRecorded, session_id="s1", step_number=1, stepnumber=1)
