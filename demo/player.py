"""Plays recorded sessions into a stack, one after the other, and waits until each has reached somebody."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Connection

from demo.checks import settled
from demo.recording import Recording
from demo.results import SessionResult, read_outcomes
from escalation_client import Publisher
from escalation_client.events import FIELD, STREAM_EVENTS

LONGEST_WAIT_SECONDS: Final = 30.0
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
        publish(recording, run, publisher)
        session_id = recording.session_id(run)
        yield Played(recording, session_id, wait(recording, session_id, connection, still_there))


def publish(recording: Recording, run: UUID, publisher: Publisher) -> None:
    """Publish the good events through the client, and the bad ones as a careless program would."""
    now = datetime.now(UTC)
    publisher.publish_many(recording.events(run, now))
    for document in recording.bad_documents(run, now):
        publisher.redis.xadd(STREAM_EVENTS, {FIELD: json.dumps(document)})


def wait(
    recording: Recording, session_id: str, connection: Connection, still_there: Callable[[], None]
) -> SessionResult:
    deadline = time.monotonic() + LONGEST_WAIT_SECONDS
    while True:
        outcome = read_outcomes(connection, [session_id])[session_id]
        if settled(recording, outcome) or time.monotonic() > deadline:
            return outcome
        still_there()
        time.sleep(LOOK_SECONDS)
