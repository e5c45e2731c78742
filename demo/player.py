"""Plays recorded sessions into a stack, one after the other, and waits until each has reached somebody."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from redis import Redis
from sqlalchemy import Connection, text

from demo.checks import settled
from demo.recording import Recording
from demo.results import SessionResult, read_outcome
from escalation_client import Publisher
from escalation_client.events import FIELD, STREAM_EVENTS

PATIENCE_SECONDS: Final = 30.0
LONGEST_LISTENING_SECONDS: Final = 300.0
LOOK_SECONDS: Final = 0.02


@dataclass(frozen=True, slots=True)
class Played:
    """A session and what came of it."""

    recording: Recording
    session_id: str
    outcome: SessionResult


def play(
    recordings: Sequence[Recording],
    run: UUID,
    publisher: Publisher,
    connection: Connection,
    still_there: Callable[[], None],
) -> Iterator[Played]:
    """Publish each session and yield it when it is settled, or when it has taken too long.

    :param connection: sees what others commit (autocommit)
    :param still_there: raises when it is no use to wait any longer
    """
    for recording in recordings:
        session_id = recording.session_id(run)
        for waits_for, events in recording.parts(run, datetime.now(UTC)):
            if waits_for:
                wait_for_outcome(waits_for, session_id, connection, still_there)
            publisher.publish_many(events)
        publish_bad(recording, run, publisher)
        yield Played(recording, session_id, wait(recording, session_id, connection, still_there))


def hear_out(
    played: Sequence[Played], redis: Redis, connection: Connection, still_there: Callable[[], None]
) -> list[Played]:
    """The sessions again, once the second ear has judged every text and the worker has decided on what it heard.

    It hears after the commit: what it takes for danger by mistake would else be seen on a fast machine alone.
    """
    given_up = time.monotonic() + LONGEST_LISTENING_SECONDS
    while not _is_heard_out(redis, connection) and time.monotonic() < given_up:
        still_there()
        time.sleep(LOOK_SECONDS)
    return [replace(each, outcome=wait(each.recording, each.session_id, connection, still_there)) for each in played]


_WAITING = text("SELECT EXISTS (SELECT FROM escalation.texts_to_judge)")


def _is_heard_out(redis: Redis, connection: Connection) -> bool:
    """What was heard is published before its text is forgotten, so it is seen in one of both."""
    if connection.execute(_WAITING).scalar_one():
        return False
    return not any(group["lag"] or group["pending"] for group in redis.xinfo_groups(STREAM_EVENTS))


def publish_bad(recording: Recording, run: UUID, publisher: Publisher) -> None:
    """Publish the bad events as a careless program would."""
    for document in recording.bad_documents(run, datetime.now(UTC)):
        publisher.redis.xadd(STREAM_EVENTS, {FIELD: json.dumps(document)})


_HEARD = text("SELECT count(*) FROM escalation.outcomes WHERE session_id = :session_id AND payload ->> 'type' = :type")
_UNJUDGED = text("""
    SELECT EXISTS (
        SELECT FROM escalation.texts_to_judge JOIN escalation.event_inbox USING (event_id)
        WHERE session_id = :session_id
    )
""")


def wait_for_outcome(
    kind: str,
    session_id: str,
    connection: Connection,
    still_there: Callable[[], None],
    patience: float = PATIENCE_SECONDS,
) -> None:
    """Wait as long as for everything else; that it never came is found by the checks."""
    for _ in _looks(session_id, connection, still_there, patience):
        if connection.execute(_HEARD, {"session_id": session_id, "type": kind}).scalar_one():
            return


def wait(
    recording: Recording, session_id: str, connection: Connection, still_there: Callable[[], None]
) -> SessionResult:
    outcome = read_outcome(connection, session_id)
    for _ in _looks(session_id, connection, still_there, PATIENCE_SECONDS):
        outcome = read_outcome(connection, session_id)
        if settled(recording, outcome):
            break
    return outcome


def _looks(session_id: str, connection: Connection, still_there: Callable[[], None], patience: float) -> Iterator[None]:
    """Time to look again, until so many seconds have passed since the second ear had a text of the session to judge.

    It gives way to everything else, so that on a busy machine a question to the user comes a minute late.
    """
    begun = last = time.monotonic()
    while time.monotonic() - last < patience and last - begun < LONGEST_LISTENING_SECONDS:
        yield
        still_there()
        time.sleep(LOOK_SECONDS)
        if connection.execute(_UNJUDGED, {"session_id": session_id}).scalar_one():
            last = time.monotonic()
