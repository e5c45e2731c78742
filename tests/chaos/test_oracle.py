"""The oracle knows the rules by itself; a storm's sessions hold every reason."""

import json
from collections import Counter
from typing import Any

import pytest

from bench.chaos.oracle import GRAVEST_FIRST, Expected, expected
from bench.chaos.sessions import published
from escalation_client.events import InvalidEvent, decode


def event(kind: str, **data: Any) -> dict[str, Any]:
    return {"type": kind, "session_id": "s", "data": data}


def failed(*numbers: int) -> list[dict[str, Any]]:
    return [event("step.recorded", step_number=number, completed=True, success=False) for number in numbers]


@pytest.mark.parametrize(
    ("events", "end"),
    [
        ([event("session.started")], Expected("active")),
        ([event("session.ended", status="completed")], Expected("completed")),
        ([event("confidence.reported", confidence=0.3)], Expected("active")),
        (
            [event("confidence.reported", confidence=0.29)],
            Expected("escalated", frozenset({"low_confidence"}), "medium"),
        ),
        (failed(*range(1, 8), 7), Expected("active")),
        (failed(*range(1, 9)), Expected("escalated", frozenset({"steps_exceeded"}), "medium")),
        (
            [event("escalation.requested", reason="complex_issue", priority="low")],
            Expected("escalated", frozenset({"complex_issue"}), "low"),
        ),
    ],
)
def test_the_oracle_says_how_a_session_ends(events: list[dict[str, Any]], end: Expected) -> None:
    assert expected(events) == {"s": end}


def test_the_gravest_reason_and_the_highest_priority_count() -> None:
    end = expected([*failed(*range(1, 9)), event("session.ended", status="escalated")])["s"]
    assert (end.gravest, end.priority, end.status) == ("expert_required", "high", "escalated")


def test_a_storm_holds_every_reason_and_every_event_at_least_once() -> None:
    storm = published(seed=1, sessions=600)
    reasons = Counter(reason for end in expected(storm.good).values() for reason in end.reasons)
    assert set(reasons) == set(GRAVEST_FIRST)
    lines = Counter(storm.lines)
    assert all(lines[json.dumps(one, ensure_ascii=False)] for one in storm.good)
    assert len(storm.lines) > len(storm.good) + len(storm.bad)


def test_a_storm_s_bad_events_are_bad_and_its_good_ones_good() -> None:
    storm = published(seed=2, sessions=200)
    assert all(decode(json.dumps(one)) for one in storm.good)
    for line in storm.bad:
        with pytest.raises(InvalidEvent):
            decode(line)
