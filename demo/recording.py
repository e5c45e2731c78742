"""Recorded sessions: a first line that says what must come of it, then the events with seconds instead of times."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid5

from escalation_client.events import Event, InvalidEvent
from escalation_client.events.wire import event_of

SESSIONS: Final = Path(__file__).parent / "sessions"
QUESTION: Final = "confirmation.suggested"


class BrokenRecording(ValueError):
    """A recorded session cannot be played; the text names the file, the line and what is wrong."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a session must lead to; without reasons there must be no ticket. `shows` has to stand in the mail's text."""

    reasons: tuple[str, ...]
    priority: str | None
    mails: int
    rejected: int
    shows: tuple[str, ...]

    @classmethod
    def of(cls, members: Mapping[str, Any]) -> "Expectation":
        return cls(
            reasons=tuple(members["reasons"]),
            priority=members["priority"],
            mails=members["mails"],
            rejected=members["rejected"],
            shows=tuple(members["shows"]),
        )


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """One event: seconds since the session's start, and what is published; a bad one is published as it stands.

    `after` names an outcome that the assistant must have heard before, such as `confirmation.suggested`.
    """

    number: int
    at: float
    type: str
    data: Mapping[str, Any]
    bad: bool = False
    after: str = ""


@dataclass(frozen=True, slots=True)
class Recording:
    """A session as it was recorded; `source` says where its text comes from."""

    name: str
    about: str
    source: str
    expectation: Expectation
    lines: tuple[RecordedEvent, ...]

    @property
    def questions(self) -> int:
        """How many questions must be asked in it; only the second ear asks."""
        return sum(line.after == QUESTION for line in self.lines)

    def session_id(self, run: UUID) -> str:
        """The session of this run; another run is another session."""
        return str(uuid5(run, self.name))

    def documents(self, run: UUID, now: datetime) -> Iterator[tuple[RecordedEvent, dict[str, Any]]]:
        """The events of a run, as published; the last one happens now."""
        session_id = self.session_id(run)
        start = now - timedelta(seconds=self.lines[-1].at)
        for line in self.lines:
            happened = start + timedelta(seconds=line.at)
            yield (
                line,
                {
                    "id": str(uuid5(run, f"{self.name}/{line.number}")),
                    "type": line.type,
                    "session_id": session_id,
                    "occurred_at": happened.astimezone(UTC).isoformat(),
                    "version": 1,
                    "data": dict(line.data),
                },
            )

    def events(self, run: UUID, now: datetime) -> list[Event]:
        """The good ones.

        :raises BrokenRecording: one of them is not good
        """
        return [event for _, events in self.parts(run, now) for event in events]

    def parts(self, run: UUID, now: datetime) -> Iterator[tuple[str, list[Event]]]:
        """The good events in parts, each with the outcome that it has to wait for (none: empty)."""
        waits_for, part = "", list[Event]()
        for line, document in self.documents(run, now):
            if line.after:
                yield waits_for, part
                waits_for, part = line.after, []
            if not line.bad:
                part.append(self.event(line, document))
        yield waits_for, part

    def bad_documents(self, run: UUID, now: datetime) -> list[dict[str, Any]]:
        """Those that a careless publisher would send."""
        return [document for line, document in self.documents(run, now) if line.bad]

    def event(self, line: RecordedEvent, document: dict[str, Any]) -> Event:
        try:
            return event_of(document)
        except InvalidEvent as error:
            raise BrokenRecording(f"{self.name}.jsonl, line {line.number}: {error}") from error


def load_recordings(folder: Path = SESSIONS) -> list[Recording]:
    """All recorded sessions, by name.

    :raises BrokenRecording: a file is no recording, or there is none
    """
    recordings = [load_recording(path) for path in sorted(folder.glob("*.jsonl"))]
    if not recordings:
        raise BrokenRecording(f"{folder} holds no *.jsonl: the recorded sessions are missing")
    return recordings


def load_recording(path: Path) -> Recording:
    try:
        head, *rest = [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
        lines = tuple(RecordedEvent(number, **members) for number, members in enumerate(rest, start=2))
        return Recording(path.stem, head["about"], head["source"], Expectation.of(head["expect"]), lines)
    except (ValueError, KeyError, TypeError) as error:
        raise BrokenRecording(f"{path.name} is no recorded session: {error!r}") from error
