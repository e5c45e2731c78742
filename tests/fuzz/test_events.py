"""Bytes from anywhere are an event that means the same when it is sent on, or name what is wrong."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from escalation_client.events import Event, encode
from tests.client.strategies import EVENTS, JSON_VALUES
from tests.fuzz import checks

# Pieces of JSON that are read in more than one way, or that PostgreSQL reads in another than Python.
PIECES = st.sampled_from(
    [
        *(
            b'"\\u0000"',
            b'"\\ud800"',
            b'"\\ud83d\\ude00"',
            b"1e-99999",
            b"1e400",
            b"-0",
            b"-0.0",
            b"1E5",
            b"NaN",
            b"01",
        ),
        *(b"[", b"{", b"}", b"]", b'"', b"\\", b",", b":", b"null", b"\xff", b"\xef\xbb\xbf", b"\x00", b"9" * 400),
        *(b'"id":"x"', b'"data":{}', b'"data":{"x":"\\u0000"},', b'"version":2', b'"session_id":"\\u0000"'),
    ]
)


@given(EVENTS, st.lists(st.tuples(st.integers(0, 2_000), st.integers(0, 40), PIECES), min_size=1, max_size=4))
def test_an_event_with_anything_in_its_midst(event: Event, changes: list[tuple[int, int, bytes]]) -> None:
    raw = encode(event).encode()
    for place, length, piece in changes:
        start = place % (len(raw) + 1)
        raw = raw[:start] + piece + raw[start + length :]
    checks.event(raw)


NAMES = st.sampled_from(["id", "type", "session_id", "occurred_at", "version", "data", "trace"])


@given(EVENTS, st.dictionaries(NAMES, JSON_VALUES, min_size=1))
def test_an_event_with_anything_as_a_member(event: Event, members: dict[str, Any]) -> None:
    checks.event(json.dumps(json.loads(encode(event)) | members).encode())
