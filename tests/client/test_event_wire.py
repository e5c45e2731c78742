"""What is refused before any member is looked at: size, depth, encoding, versions, times."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from escalation_client.events import LARGEST_BYTES, InvalidEvent, MessageAdded, decode, encode

DOCUMENT = {
    "id": "2f1c9a52-0d6e-4b53-9d0f-6f1f6b1f7a10",
    "type": "message.added",
    "session_id": "s1",
    "occurred_at": "2026-03-01T08:30:00Z",
    "version": 1,
    "data": {"message_id": "m1", "sender": "user", "content": "hello"},
}
WITHOUT_END = json.dumps(DOCUMENT)[:-1]


def refusal(raw: bytes | str, **options: Any) -> InvalidEvent:
    with pytest.raises(InvalidEvent) as caught:
        decode(raw, **options)
    return caught.value


def changed(**members: Any) -> str:
    return json.dumps(DOCUMENT | members)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "JSON object"),
        (b"null", "JSON object"),
        (b"[]", "JSON object"),
        (b"{} {}", "JSON object"),
        (b"\xef\xbb\xbf{}", "JSON object"),
        (b'{"id": "\xff"}', "UTF-8"),
        (b'{"id": "\xed\xa0\x80"}', "UTF-8"),
        (json.dumps(DOCUMENT).encode("utf-16"), "UTF-8"),
        ('{"id": "\ud800"}', "UTF-8"),
        (WITHOUT_END + ', "n": NaN}', "finite"),
        (WITHOUT_END + ', "n": -Infinity}', "finite"),
        (WITHOUT_END + ', "n": 1e999}', "finite"),
        (WITHOUT_END + ', "n": -1e999}', "finite"),
        (WITHOUT_END + f', "n": {"9" * 5000}}}', "JSON object"),
        (b"[" * 100_000, "nesting"),
        (b'{"a":' * 40_000, "nesting"),
        (b"[" * 33 + b"]" * 33, "nesting"),
        (b'"' + b'\\"' * 100_000 + b"[" * 33, "JSON object"),
    ],
)
def test_what_is_no_json_object_is_refused(raw: bytes | str, words: str) -> None:
    error = refusal(raw)
    assert error.member == "event"
    assert words in error.expected
    assert len(error.value) <= 80


def test_thirty_two_levels_are_deep_enough_and_thirty_three_too_deep() -> None:
    def nested(levels: int) -> str:
        return WITHOUT_END + ', "deep": ' + "[" * (levels - 1) + "]" * (levels - 1) + "}"

    assert decode(nested(32)).session_id == "s1"
    assert "nesting" in refusal(nested(33)).expected


def test_brackets_in_a_text_nest_nothing() -> None:
    content = '[[{"\\' * 500 + "]"
    event = decode(changed(data=DOCUMENT["data"] | {"content": content}))  # type: ignore[operator]
    assert isinstance(event, MessageAdded)
    assert event.content == content


def test_size_is_counted_in_bytes_of_utf8() -> None:
    room = LARGEST_BYTES - len(encode(message("")).encode())
    assert decode(encode(message("ψ" * (room // 2)))).session_id == "s1"
    with pytest.raises(InvalidEvent, match="at most"):
        encode(message("ψ" * (room // 2 + 1)))
    assert "at most" in refusal(changed(padding="ψ" * (LARGEST_BYTES // 2)).encode()).expected


def message(content: str) -> MessageAdded:
    return MessageAdded(session_id="s1", message_id="m1", sender="user", content=content)


@pytest.mark.parametrize("version", [1, 1.0, 1.7, "1", "1.2", None])
def test_any_minor_version_of_the_first_is_read(version: Any) -> None:
    assert decode(changed(version=version)).version == 1


@pytest.mark.parametrize("version", [0, 2, 2.0, "2.1", "one", "", True, [1], 10, "11"])
def test_another_major_version_is_refused(version: Any) -> None:
    assert refusal(changed(version=version)).member == "version"


@pytest.mark.parametrize("name", ["message.removed", "", None, 7, ["message.added"]])
def test_an_unknown_type_is_refused_with_the_known_ones(name: Any) -> None:
    error = refusal(changed(type=name))
    assert error.member == "type"
    assert "message.added" in error.expected


@pytest.mark.parametrize(
    "identity",
    [None, 1, "", "m1", DOCUMENT["id"] + "0", "{" + DOCUMENT["id"] + "}", "0" * 8 + "-0000" * 3 + "-" + "0" * 12],  # type: ignore[operator]
)
def test_an_id_that_is_no_uuid_of_its_own_is_refused(identity: Any) -> None:
    assert refusal(changed(id=identity)).member == "id"


@pytest.mark.parametrize("session_id", [1, True, "s" * 65, "s\0"])
def test_a_session_id_that_is_no_text_or_too_long_is_refused(session_id: Any) -> None:
    assert refusal(changed(session_id=session_id)).member == "session_id"


def test_data_that_is_no_object_is_refused_and_absent_data_has_no_members() -> None:
    assert refusal(changed(data=[])).member == "data"
    assert refusal(changed(data=None)).member == "data.message_id"


def test_an_unknown_member_beside_data_is_looked_at_too() -> None:
    assert refusal(changed(trace="nul \0")).member == "trace"


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-01T08:30:00Z", datetime(2026, 3, 1, 8, 30, tzinfo=UTC)),
        ("2026-03-01t08:30:00z", datetime(2026, 3, 1, 8, 30, tzinfo=UTC)),
        ("2026-03-01 08:30:00.5+02:00", datetime(2026, 3, 1, 6, 30, 0, 500_000, tzinfo=UTC)),
        ("2026-03-01T08:30:00.123456789Z", datetime(2026, 3, 1, 8, 30, 0, 123_456, tzinfo=UTC)),
        ("2026-03-01T08:30:00-00:00", datetime(2026, 3, 1, 8, 30, tzinfo=UTC)),
        ("2016-12-31T23:59:60Z", datetime(2016, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)),
        ("2017-01-01T01:59:60.25+02:00", datetime(2016, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)),
    ],
)
def test_times_are_read_as_rfc_3339_writes_them(text: str, moment: datetime) -> None:
    event = decode(changed(occurred_at=text))
    assert event.occurred_at == moment
    assert event.occurred_at.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    "text",
    [
        None,
        1_772_353_800,
        "",
        "2026-03-01",
        "2026-03-01T08:30:00",
        "2026-03-01T08:30Z",
        "20260301T083000Z",
        "2026-W09-7T08:30:00Z",
        "2026-02-30T08:30:00Z",
        "2026-03-01T24:00:00Z",
        "2026-03-01T08:30:61Z",
        "2026-03-01T08:30:60Z",
        "2026-03-01T08:30:00+24:00",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00",
        "२०२६-03-01T08:30:00Z",
    ],
)
def test_any_other_time_is_refused(text: Any) -> None:
    assert refusal(changed(occurred_at=text)).member == "occurred_at"


def test_a_time_more_than_a_day_ahead_is_refused_when_now_is_known() -> None:
    now = datetime(2026, 2, 28, 8, 30, tzinfo=UTC)
    assert decode(json.dumps(DOCUMENT), now=now).session_id == "s1"
    assert refusal(json.dumps(DOCUMENT), now=now - timedelta(seconds=1)).member == "occurred_at"
