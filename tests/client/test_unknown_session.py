"""Ids that name no session: each request gets a session of its own, and the event says that it is unknown."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from escalation_client.events import (
    ConfidenceReported,
    EscalationRequested,
    InvalidEvent,
    MessageAdded,
    SessionStarted,
    decode,
    encode,
)

NOON = datetime(2026, 3, 1, 12, 0, 10, tzinfo=UTC)
NO_SESSION = [None, "", "  ", "null", "NULL", "undefined", "None", "nil", " null ", "NaN", "[object Object]"]


def request(session_id: Any = "null", user: str | None = "u1", at: datetime = NOON, **more: Any) -> EscalationRequested:
    return EscalationRequested(session_id=session_id, requested_by=user, occurred_at=at, **more)


@pytest.mark.parametrize("session_id", [*NO_SESSION, str(UUID(int=0))])
def test_no_session_becomes_one_of_its_own_and_is_marked(session_id: Any) -> None:
    event = ConfidenceReported(session_id=session_id, confidence=0.5)
    assert str(UUID(event.session_id)) == event.session_id
    assert event.extra == {"session_unknown": True}


@pytest.mark.parametrize("session_id", ["s1", "nullable", "0", "none-of-them"])
def test_any_other_id_stays_and_is_not_marked(session_id: str) -> None:
    event = ConfidenceReported(session_id=session_id, confidence=0.5)
    assert (event.session_id, event.extra) == (session_id, {})


@pytest.mark.parametrize("session_id", [1, True, ["null"], "s" * 65])
def test_what_is_no_text_or_too_long_is_refused_as_before(session_id: Any) -> None:
    with pytest.raises(InvalidEvent, match="session_id"):
        ConfidenceReported(session_id=session_id, confidence=0.5)


def test_one_user_s_minute_is_one_session_and_every_other_is_another() -> None:
    assert request("null").session_id == request("undefined", at=NOON + timedelta(seconds=40)).session_id
    others = [request(user="u2"), request(at=NOON + timedelta(minutes=1)), request(user=None), request(user=None)]
    assert len({request().session_id, *(other.session_id for other in others)}) == 5


def test_a_message_belongs_to_its_user_when_it_names_one() -> None:
    message = MessageAdded(
        session_id="null", message_id="m", sender="user", content="", occurred_at=NOON, extra={"user_id": "u1"}
    )
    assert message.session_id == request().session_id
    assert message.extra == {"user_id": "u1", "session_unknown": True}


def test_users_who_are_unknown_too_are_not_put_together() -> None:
    started = [SessionStarted(session_id="", user_id="unknown", occurred_at=NOON) for _ in range(2)]
    assert started[0].session_id != started[1].session_id


def test_the_mark_and_the_session_cross_the_wire() -> None:
    event = request(notes="man overboard")
    read = decode(encode(event))
    assert (read, read.extra) == (event, {"session_unknown": True})


@pytest.mark.parametrize("session_id", [*NO_SESSION, "absent"])
def test_events_of_other_languages_are_read_in_the_same_way_each_time(session_id: Any) -> None:
    document = {"id": str(uuid4()), "type": "escalation.requested", "occurred_at": "2026-03-01T12:00:00Z"}
    raw = json.dumps(document if session_id == "absent" else document | {"session_id": session_id})
    assert decode(raw).session_id == decode(raw).session_id
    assert decode(raw).extra == {"session_unknown": True}


def test_a_refused_event_names_no_session_that_there_is_not() -> None:
    with pytest.raises(InvalidEvent) as caught:
        decode(json.dumps({"id": str(uuid4()), "type": "nothing", "session_id": "null"}))
    assert caught.value.session_id is None
