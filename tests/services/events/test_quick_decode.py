"""The second decoder makes the same event as the first, or none; the first is the judge of all that is not as usual."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bench.mix import escalating, mixed
from escalation_client.events import Event, InvalidEvent, MessageAdded, SessionStarted, decode, encode
from escalation_client.events.unknown_session import names_no_session
from services.events.quick_decode import decode_quickly
from tests.client.strategies import EVENTS, JSON_VALUES
from tests.fuzz.test_events import NAMES, PIECES

NOW = datetime(2100, 1, 2, tzinfo=UTC)
USUAL = {
    "id": "2f1c9a52-0d6e-4b53-9d0f-6f1f6b1f7a10",
    "type": "step.recorded",
    "session_id": "s-1",
    "occurred_at": "2026-03-01T08:30:00Z",
    "version": 1,
    "data": {"step_number": 3, "completed": True, "confidence": 0.4},
}


def judged(raw: bytes) -> Event | None:
    try:
        return decode(raw, now=NOW)
    except InvalidEvent:
        return None


def agrees(raw: bytes) -> Event | None:
    """What the second decoder made of it, after comparing even the types of its members."""
    quick = decode_quickly(raw, NOW)
    if quick is not None:
        assert repr(quick) == repr(judged(raw))
    return quick


@pytest.mark.parametrize("raw", [*mixed(200), *escalating(1, "x")], ids=range(201))
def test_usual_events_are_decoded_quickly(raw: str) -> None:
    assert agrees(raw.encode()) is not None


@given(EVENTS)
def test_what_a_publisher_may_send(event: Event) -> None:
    agrees(encode(event).encode())


@given(st.sampled_from([SessionStarted, MessageAdded]), st.sampled_from(["el", "nn-NO", "de", "en_US"]))
def test_a_language_is_read_as_the_first_decoder_reads_it(kind: Any, language: str) -> None:
    given = {"user_id": "u"} if kind is SessionStarted else {"message_id": "m", "sender": "user", "content": "Γεια"}
    assert agrees(encode(kind(session_id="s", language=language, **given)).encode()) is not None


@settings(max_examples=600)
@given(EVENTS, st.lists(st.tuples(st.integers(0, 2_000), st.integers(0, 40), PIECES), min_size=1, max_size=4))
def test_an_event_with_anything_in_its_midst(event: Event, changes: list[tuple[int, int, bytes]]) -> None:
    raw = encode(event).encode()
    for place, length, piece in changes:
        start = place % (len(raw) + 1)
        raw = raw[:start] + piece + raw[start + length :]
    agrees(raw)


@settings(max_examples=300)
@given(EVENTS, st.dictionaries(NAMES, JSON_VALUES), st.dictionaries(st.text(max_size=12), JSON_VALUES, max_size=2))
def test_an_event_with_anything_as_a_member(event: Event, members: dict[str, Any], data: dict[str, Any]) -> None:
    document = json.loads(encode(event)) | members
    if isinstance(document.get("data"), dict):
        document["data"] |= data
    agrees(json.dumps(document).encode())


MEMBERS_OF_DATA = st.sampled_from(
    ["step_number", "instruction", "user_feedback", "completed", "success", "confidence", "safety", "sender", "content"]
)


@settings(max_examples=300)
@given(MEMBERS_OF_DATA, JSON_VALUES | st.sampled_from([3.0, "3", "user", -0.0, 1e-300, 2**31, [], "User"]))
@example("confidence", 0)
def test_a_member_that_holds_anything(name: str, value: Any) -> None:
    agrees(json.dumps(USUAL | {"data": {"step_number": 1, name: value}}).encode())


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "2f1c9a520d6e4b539d0f6f1f6b1f7a10"},
        {"id": "{2f1c9a52-0d6e-4b53-9d0f-6f1f6b1f7a10}"},
        {"id": "00000000-0000-0000-0000-000000000000"},
        {"id": "FFFFFFFF-ffff-ffff-ffff-ffffffffffff"},
        {"session_id": " Null "},
        {"session_id": ""},
        {"occurred_at": "2026-03-01T08:30:00"},
        {"occurred_at": "2026-03-01"},
        {"occurred_at": 1_772_353_800},
        {"occurred_at": (NOW + timedelta(days=2)).isoformat()},
        {"version": 2},
        {"version": True},
        {"version": "1.0"},
        {"trace": "x"},
        {"data": {"step_number": 1, "note": "x"}},
        {"data": {"step_number": 1, "instruction": "\0"}},
        {"data": {"step_number": 1, "instruction": "\ud800"}},
        {"data": {"step_number": 1, "confidence": 0}},
        {"data": {"step_number": True}},
        {"data": {"step_number": 1, "instruction": "x" * 20_000}},
    ],
    ids=str,
)
def test_what_is_not_as_usual_is_left_to_the_first(changes: dict[str, Any]) -> None:
    assert decode_quickly(json.dumps(USUAL).encode(), NOW) is not None
    assert decode_quickly(json.dumps(USUAL | changes).encode(), NOW) is None


@pytest.mark.parametrize(
    "moment",
    ["2026-03-01t08:30:00.1234567z", "2026-03-01 08:30:00+05:30", "2016-12-31T23:59:60Z", "2026-03-01T24:00:00Z"],
)
def test_a_time_is_read_as_the_first_decoder_reads_it(moment: str) -> None:
    agrees(json.dumps(USUAL | {"occurred_at": moment}).encode())


@pytest.mark.parametrize("number", ["1e-400", "1e-99999", "0." + "0" * 9_000 + "1", "1E0", "0.3e0", "-0", "1.0"])
def test_a_number_is_read_as_the_first_decoder_reads_it(number: str) -> None:
    agrees(json.dumps(USUAL).replace("0.4", number).encode())


def test_a_session_that_nobody_knows_is_none_for_either() -> None:
    assert names_no_session("undefined")
    assert agrees(json.dumps(USUAL | {"session_id": "undefined"}).encode()) is None
