"""The recorded sessions can be played, and they are as many and as different as they should be."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import pytest

from demo.recording import BrokenRecording, Recording, load_recording, load_recordings
from escalation_client.events import InvalidEvent, MessageAdded, SessionStarted
from escalation_client.events.wire import event_of
from rules.reasons import REASONS

Kind = TypeVar("Kind")
RUN = UUID("11111111-2222-4333-8444-555555555555")
NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
RECORDINGS = load_recordings()


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda recording: recording.name)
def test_every_event_is_good_except_those_that_are_to_be_bad(recording: Recording) -> None:
    events = recording.events(RUN, NOW)
    bad = recording.bad_documents(RUN, NOW)
    assert len(events) + len(bad) == len(recording.lines)
    assert len(bad) == recording.expectation.rejected
    for document in bad:
        with pytest.raises(InvalidEvent):
            event_of(document)
    assert recording.about
    assert recording.source


def test_a_run_is_a_session_of_its_own_and_repeats_itself() -> None:
    recording = RECORDINGS[0]
    assert recording.events(RUN, NOW) == recording.events(RUN, NOW)
    other = recording.events(UUID(int=RUN.int + 1), NOW)
    assert {event.id for event in recording.events(RUN, NOW)}.isdisjoint(event.id for event in other)
    assert max(event.occurred_at for event in other) == NOW


def test_there_is_a_session_for_each_reason_and_language() -> None:
    assert len(RECORDINGS) >= 15
    expected = [recording.expectation for recording in RECORDINGS]
    assert {reason for one in expected for reason in one.reasons} == set(REASONS)
    languages = {event.language for event in every(SessionStarted)}
    assert languages == {"en", "el", "ar", "es", "tr", "no"}
    assert max(len(one.reasons) for one in expected) == 3
    assert any(not one.reasons for one in expected)
    assert sum(one.rejected for one in expected) == 1


def test_there_are_the_hard_ones_too() -> None:
    assert any(event.machine_id is None for event in every(SessionStarted))
    assert any(event.message_type == "voice" for event in every(MessageAdded))
    texts = " ".join(event.content for event in every(MessageAdded))
    assert "<script>" in texts
    assert {"\x07", "\x1b", "\u202e"} <= set(texts)
    assert max(messages(recording) for recording in RECORDINGS) == 200


@pytest.mark.parametrize(
    "content",
    ["", "no json", "{}", '{"about": "a", "source": "b", "expect": {}}', '[]\n{"at": 1}'],
)
def test_a_file_that_is_no_recording_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "broken.jsonl"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(BrokenRecording, match=r"broken\.jsonl"):
        load_recording(path)


def test_a_bad_event_that_is_not_marked_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "wrong.jsonl"
    path.write_text(
        '{"about": "a", "source": "b", "expect":'
        ' {"reasons": [], "priority": null, "mails": 0, "rejected": 0, "shows": []}}\n'
        '{"at": 0, "type": "confidence.reported", "data": {"confidence": 2}}\n',
        encoding="utf-8",
    )
    with pytest.raises(BrokenRecording, match=r"wrong\.jsonl, line 2: .*confidence"):
        load_recording(path).events(RUN, NOW)


def test_a_folder_without_recordings_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BrokenRecording, match=r"holds no \*\.jsonl"):
        load_recordings(tmp_path)


def every(kind: type[Kind]) -> list[Kind]:
    return [event for recording in RECORDINGS for event in recording.events(RUN, NOW) if isinstance(event, kind)]


def messages(recording: Recording) -> int:
    return sum(isinstance(event, MessageAdded) for event in recording.events(RUN, NOW))
