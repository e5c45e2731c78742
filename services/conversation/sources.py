"""What is on record of sessions: ABParts' own tables, and the events of the inbox with what the rules saw in each.

ABParts' columns have no zone: they hold UTC, but local time where the database or a role has another TimeZone. The time
of an event has a zone, and is that of the commit; so the difference of the two, in quarters of an hour, is the zone's.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final, TypeVar

import structlog
from sqlalchemy import Connection, Table, TextClause

from escalation_client.events import DiagnosisMade, Event, InvalidEvent, MessageAdded, StepRecorded
from escalation_client.events.unknown_session import SESSION_UNKNOWN
from escalation_client.events.wire import event_of
from models.shared import AiMessage, AiSession, TroubleshootingStep
from services.conversation.models import Diagnosis, Evidence, Message, Step
from services.database.calendar import in_calendar
from services.database.prepared import prepared
from services.database.quick import fetch
from services.directory.machines import MACHINE_TABLES
from services.directory.people import PEOPLE_TABLES
from services.directory.tables import Readable, find_readable

# Rows of one form, so that one statement reads all of them.
_EVENTS: Final = """
    SELECT 'event' AS kind, session_id, occurred_at AS at, CAST(event_id AS text) COLLATE "C" AS key,
           json_build_object('payload', payload, 'evidence', evidence, 'ticket_id', ticket_id) AS members
    FROM escalation.event_inbox WHERE session_id = ANY(CAST(:session_ids AS text[]))
"""
# Those that tell of the session's story. A lost id is said by the event of any type: by a mark, or by the id itself, in
# whose stead the inbox has our own.
_OF_THE_STORY: Final = f"""
    AND (type IN ('{MessageAdded.type}', '{StepRecorded.type}', '{DiagnosisMade.type}')
         OR payload -> 'data' ? '{SESSION_UNKNOWN}' OR payload ->> 'session_id' IS DISTINCT FROM session_id)
"""
_SOURCES: Final[Mapping[Table, str]] = {
    AiMessage: f"""
        SELECT 'message', CAST(session_id AS text), {in_calendar("timestamp AT TIME ZONE 'UTC'")},
               CAST(id AS text) COLLATE "C",
               json_build_object('message_id', id, 'sender', sender, 'content', content,
                                 'message_type', message_type, 'language', language)
        FROM public.ai_messages WHERE session_id = ANY(CAST(:session_ids AS text[]))
    """,
    TroubleshootingStep: f"""
        SELECT 'step', CAST(session_id AS text),
               {in_calendar("coalesce(completed_at, created_at) AT TIME ZONE 'UTC'")},
               CAST(id AS text) COLLATE "C",
               json_build_object('number', step_number, 'instruction', instruction, 'feedback', user_feedback,
                                 'completed', completed, 'success', CASE WHEN completed OR success THEN success END)
        FROM public.troubleshooting_steps WHERE session_id = ANY(CAST(:session_ids AS text[]))
    """,
    # Whole: where the letter NUL or half of a surrogate pair stands in it, PostgreSQL can take nothing out of it.
    AiSession: """
        SELECT 'metadata', CAST(id AS text), NULL, '' COLLATE "C", CAST(session_metadata AS json)
        FROM public.ai_sessions WHERE id = ANY(CAST(:session_ids AS text[]))
    """,
}
_NEEDED: Final[Mapping[Table, frozenset[str]]] = {
    AiMessage: frozenset({"session_id", "id", "sender", "content", "message_type", "language", "timestamp"}),
    TroubleshootingStep: frozenset(TroubleshootingStep.c.keys()) - {"expected_outcomes"},
    AiSession: frozenset({"id", "session_metadata"}),
}


@cache
def _statement(tables: tuple[Table, ...], whole: bool = True) -> TextClause:
    """The events and the rows of these tables, in the order of their time."""
    events = _EVENTS if whole else _EVENTS + _OF_THE_STORY
    return prepared(f"{' UNION ALL '.join([events, *(_SOURCES[table] for table in tables)])} ORDER BY at, key")


@dataclass(slots=True)
class StoredSession:
    """A session in ABParts' tables, and its events in the order of their time."""

    messages: list[Message] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    diagnosis: Diagnosis | None = None
    events: list["StoredEvent"] = field(default_factory=list)


# ABParts' tables that tell of a session and of whom it concerns.
TABLES_OF_SESSIONS: Final = tuple(dict.fromkeys((*_NEEDED, *PEOPLE_TABLES, *MACHINE_TABLES)))


def load_stored(
    connection: Connection, session_ids: Collection[str], known: Readable | None = None, *, whole: bool = True
) -> dict[str, StoredSession]:
    """What is stored of each session; two statements. A table that was dropped, or is closed to us, tells nothing.

    :param known: what is readable, if that was asked already
    :param whole: with the events that tell nothing of its story, too
    """
    known = known or find_readable(connection, *_NEEDED)
    readable = (table for table, needed in _NEEDED.items() if known.get(table.name, frozenset()).issuperset(needed))
    stored: dict[str, StoredSession] = defaultdict(StoredSession)
    for row in fetch(connection, _statement(tuple(readable), whole), {"session_ids": list(session_ids)}):
        session, members = stored[row["session_id"]], row["members"]
        match row["kind"]:
            case "message":
                session.messages.append(Message(at=row["at"], **members))
            case "step":
                session.steps.append(Step(at=row["at"], **members))
            case "metadata" if isinstance(members, Mapping):
                session.diagnosis = _read_diagnosis(members)
            case "event":
                session.events.extend(_read_event(row["key"], members))
    return stored


def _read_diagnosis(metadata: Mapping[str, Any]) -> Diagnosis | None:
    """ABParts' `diagnostic_assessment`; whatever a language model wrote may stand in it."""
    assessment = metadata.get("diagnostic_assessment")
    if not isinstance(assessment, Mapping):
        return None
    minutes = assessment.get("estimated_duration")
    return Diagnosis(
        category=str(assessment.get("problem_category") or "other"),
        confidence_level=str(assessment.get("confidence_level") or "unknown"),
        likely_causes=_make_texts(assessment.get("likely_causes")),
        safety_warnings=_make_texts(assessment.get("safety_warnings")),
        recommended_steps=_make_texts(assessment.get("recommended_steps")),
        requires_expert=assessment.get("requires_expert") is True,
        estimated_minutes=minutes if isinstance(minutes, int) else None,
    )


def _make_texts(value: Any) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, list) else ()


_Row = TypeVar("_Row", Message, Step)

_QUARTER: Final = timedelta(minutes=15)
# From the commit to the event, and what the clocks of two hosts may differ.
_MOST_BESIDE: Final = timedelta(minutes=1)
# Kiribati's and Baker Island's.
_EARLIEST, _LATEST = timedelta(hours=-12), timedelta(hours=14)


def correct_messages(stored: Sequence[Message], reported: Iterable[Message]) -> list[Message]:
    """The stored messages with their times in UTC, as far as events of the same messages tell the zone."""
    return _correct([(row.message_id, row) for row in stored], [(row.message_id, row) for row in reported])


def correct_steps(stored: Sequence[Step], reported: Iterable[Step]) -> list[Step]:
    """The same for steps, of which there is an event when they were made and one when they were answered."""
    return _correct([(row.number, row) for row in stored], [(row.number, row) for row in reported])


def _correct(stored: Sequence[tuple[Hashable, _Row]], reported: Iterable[tuple[Hashable, _Row]]) -> list[_Row]:
    if not stored:
        return []
    times: dict[Hashable, list[datetime]] = {}
    for key, row in reported:
        times.setdefault(key, []).append(row.at)
    offset = _usual_offset((row.at, times.get(key, ())) for key, row in stored)
    return [replace(row, at=row.at - offset) for _, row in stored]


def _usual_offset(pairs: Iterable[tuple[datetime, Sequence[datetime]]]) -> timedelta:
    """The offset of most rows: one code writes them all, and an event that was told again later is one of few."""
    found = Counter(_find_offset(stored, reported) for stored, reported in pairs if reported)
    return next((offset for offset, _ in found.most_common(1) if offset), timedelta())


def _find_offset(stored: datetime, reported: Sequence[datetime]) -> timedelta | None:
    """The smallest offset of a zone by which an event's time differs from the stored one; None when none does."""
    differences = [stored - at for at in reported]
    zones = [round(difference / _QUARTER) * _QUARTER for difference in differences]
    fitting = [
        zone
        for zone, difference in zip(zones, differences, strict=True)
        if abs(difference - zone) <= _MOST_BESIDE and _EARLIEST <= zone <= _LATEST
    ]
    return min(fitting, key=abs, default=None)


logger = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event, the ticket that it led to or was added to, and the rules' signals."""

    event: Event
    ticket_id: str | None
    signals: Sequence[dict[str, Any]]

    def evidence(self) -> Iterator[Evidence]:
        """Whatever fired; a rule that the session's state made fire stands beside its own silent answer."""
        for signal in self.signals:
            if signal.get("fired"):
                yield Evidence.from_signal(signal, self.event.occurred_at, self.event.id, self.ticket_id)


def load_stored_events(connection: Connection, session_ids: Collection[str]) -> dict[str, list[StoredEvent]]:
    """The events of each session in the order of their time."""
    kept: dict[str, list[StoredEvent]] = defaultdict(list)
    for row in fetch(connection, _statement(()), {"session_ids": list(session_ids)}):
        kept[row["session_id"]].extend(_read_event(row["key"], row["members"]))
    return kept


def _read_event(event_id: str, members: Mapping[str, Any]) -> Iterator[StoredEvent]:
    try:
        yield StoredEvent(event_of(members["payload"]), members["ticket_id"], members["evidence"])
    except InvalidEvent as error:
        # Stored by an older version: show the rest of the session without it.
        logger.error("inbox_event_unreadable", event_id=event_id, member=error.member)
