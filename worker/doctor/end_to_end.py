"""The whole way with a marked session: from the stream to the mail server's acceptance, each station timed."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from uuid import uuid4

from redis.exceptions import RedisError
from sqlalchemy.exc import DBAPIError

from config.settings import Settings
from escalation_client.errors import PublishError
from escalation_client.events import ConfidenceReported, DiagnosisMade, EscalationRequested, Event, MessageAdded
from escalation_client.events import StepRecorded as Step
from services.database.engine import begin
from services.events.stream import publisher_of
from services.events.trimming import take_back
from services.outbox.synthetic_sessions import MARK, Stations, abandoned, may_remove, plan, remove, stations
from worker.doctor.finding import CheckedPart, CheckResult
from worker.doctor.postgres import reason as database_says

_PART = CheckedPart("end to end")
_LOOK_SECONDS = 0.2
_AS_OWNER = "Run it with the DATABASE_URL of the role that migrates (docs/security.md)."
_WORDS = "There is smoke. This is a rehearsal of the escalation worker: nobody is in danger."
EVENTS: dict[str, Callable[[str, datetime], list[Event]]] = {
    "safety_concern": lambda session, now: [
        MessageAdded(
            session_id=session, occurred_at=now, message_id=session, sender="user", content=_WORDS, safety=True
        )
    ],
    "user_request": lambda session, now: [EscalationRequested(session_id=session, occurred_at=now, notes="rehearsal")],
    "expert_required": lambda session, now: [
        DiagnosisMade(session_id=session, occurred_at=now, confidence_level="high", requires_expert=True)
    ],
    "complex_issue": lambda session, now: [
        EscalationRequested(session_id=session, occurred_at=now, reason="complex_issue", notes="rehearsal")
    ],
    "low_confidence": lambda session, now: [ConfidenceReported(session_id=session, occurred_at=now, confidence=0.0)],
    "steps_exceeded": lambda session, now: [
        Step(session_id=session, occurred_at=now, step_number=number, completed=True, success=False)
        for number in range(1, 31)
    ],
}


def run_synthetic_sessions(settings: Settings, reasons: list[str], to: str, seconds: float) -> Iterator[CheckResult]:
    """One marked session for each reason, removed afterwards; at most so many seconds for each."""
    if settings.mode == "shadow":
        yield _PART.unknown("publish a marked session", "MODE=shadow opens no tickets", "Set MODE=active.")
        return
    for reason in reasons:
        session = f"{MARK}{uuid4()}"
        tried = f"publish a marked session ({reason})"
        try:
            with begin() as connection:
                if not may_remove(connection):
                    yield _PART.unknown(tried, "this role could not remove the session afterwards", _AS_OWNER)
                    return
                for earlier in abandoned(connection):
                    remove(connection, earlier)
                plan(connection, session, to)
            yield _result_of(tried, _try_it(settings, reason, session, seconds), seconds)
        except DBAPIError as error:
            yield _PART.broken(tried, database_says(error), "See postgresql above; docs/security.md lists the rights.")
        except (PublishError, RedisError) as error:
            yield _PART.broken(tried, f"{type(error).__name__}: the event could not be published", "See redis above.")


def _try_it(settings: Settings, reason: str, session: str, seconds: float) -> Stations:
    """Publish, wait, and take away whatever came of it, however it ends."""
    done, entries = False, list[str]()
    publisher = publisher_of(settings)
    try:
        published = publisher.publish_many(EVENTS[reason](session, datetime.now(UTC)))
        entries = [entry for entry in published if entry]
        found = wait(session, seconds)
        done = found.done
        return found
    finally:
        if entries and not done:
            # A worker that is started tomorrow must not find them.
            take_back(publisher.redis, session, entries[0])
        publisher.close()
        with begin() as connection:
            remove(connection, session, keep_plan=bool(entries) and not done)


def wait(session: str, seconds: float) -> Stations:
    deadline = time.monotonic() + seconds
    while True:
        with begin() as connection:
            found = stations(connection, session)
        if found.done or time.monotonic() > deadline:
            return found
        time.sleep(_LOOK_SECONDS)


def _result_of(tried: str, found: Stations, seconds: float) -> CheckResult:
    way = (("inbox", found.received_at), ("ticket", found.opened_at), ("mail accepted", found.accepted_at),
           ("assistant told", found.told_at))  # fmt: skip
    passed = [f"{name} {_format_delay(found.published_at, at)}" for name, at in way if at is not None]
    removed = f"; removed, but number {found.number} is not given again" if found.number else ""
    if found.done:
        return _PART.ok(tried, ", ".join(passed) + removed)
    missing = next(name for name, at in way if at is None)
    said = f"; the mail server said: {' '.join(found.reply.split())}" if found.reply else ""
    words = f"{', '.join(passed) or 'nothing happened'}; no {missing} within {seconds:.0f} s{said}{removed}"
    return _PART.broken(tried, words, _ADVICE[missing])


_ADVICE = {
    "inbox": "The event lies in the stream: does the worker run? See workers above.",
    "ticket": "The event arrived and opened no ticket: look at the worker's log.",
    "mail accepted": "The mail waits: does the mailer run? See mail above.",
    "assistant told": "The mail was accepted and the outcome waits: does the worker run the sweeps?",
}


def _format_delay(published: datetime | None, at: datetime) -> str:
    return f"after {(at - published).total_seconds():.2f} s" if published else "reached"
