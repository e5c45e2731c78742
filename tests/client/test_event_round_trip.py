"""Whatever can be built can be sent, and means the same when it arrives."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from escalation_client.events import BaseEvent, Event, InvalidEvent, decode, encode
from tests.client.strategies import EVENTS, JSON_VALUES


@given(EVENTS)
def test_an_event_survives_the_wire(event: Event) -> None:
    arrived = decode(encode(event))
    assert arrived == event
    assert arrived.extra == event.extra
    assert encode(arrived) == encode(event)


@given(EVENTS)
def test_an_event_means_the_same_as_bytes_with_escapes_and_spaces(event: Event) -> None:
    document = json.loads(encode(event))
    assert decode(json.dumps(document, ensure_ascii=True, indent=1).encode()) == event


@given(st.binary(max_size=300))
def test_bytes_that_are_no_event_raise_only_invalid_event(raw: bytes) -> None:
    assert isinstance(read(raw), InvalidEvent)


@given(st.text(st.characters(), max_size=300))
def test_text_that_is_no_event_raises_only_invalid_event(raw: str) -> None:
    assert isinstance(read(raw), InvalidEvent)


@given(EVENTS, st.data())
def test_one_changed_member_gives_an_event_or_a_named_member(event: Event, data: st.DataObject) -> None:
    document: dict[str, Any] = json.loads(encode(event))
    place = data.draw(st.sampled_from([document, document["data"]]))
    place[data.draw(st.sampled_from([*place, "unheard-of"]))] = data.draw(HOSTILE)
    arrived = read(json.dumps(document))
    if isinstance(arrived, InvalidEvent):
        assert arrived.member
        assert len(arrived.value) <= 80
        assert str(arrived).encode()
    else:
        assert decode(encode(arrived)) == arrived


@given(EVENTS, st.integers(0, 2000), st.binary(min_size=1, max_size=4))
def test_damaged_bytes_raise_only_invalid_event(event: Event, at: int, damage: bytes) -> None:
    raw = encode(event).encode()
    place = at % len(raw)
    arrived = read(raw[:place] + damage + raw[place + 1 :])
    assert isinstance(arrived, InvalidEvent | BaseEvent)


HOSTILE = st.one_of(
    JSON_VALUES,
    st.floats(),
    st.text(st.characters(), max_size=20),
    st.integers(-(10**400), 10**400),
    st.sampled_from(["\0", "\ud800", "2026-02-30T00:00:00Z", "0001-01-01T00:00:00+10:00"]),
)


def read(raw: bytes | str) -> Event | InvalidEvent:
    """The event, or why there is none; any other exception fails the test."""
    try:
        return decode(raw)
    except InvalidEvent as error:
        return error
