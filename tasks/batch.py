"""A batch against the database: all at once, and in halves when something in it is at fault."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import structlog
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from rules.decision import Examined
from rules.triggers import examine
from services.database import begin
from services.errors import Trouble, described, trouble
from services.escalation import Result, process
from services.inbox import Received, Rejected, read_event
from services.knowledge import Knowledge
from services.stream import Entry

logger = structlog.get_logger()

# Deadlocks and serialization failures: PostgreSQL asks to try the same again.
ATTEMPTS = 6


class Unavailable(Exception):
    """The database cannot work at the moment; nobody's fault, so everything stays pending."""


@dataclass(slots=True)
class Written:
    """What came of some entries: those that are done, and the counts of what they led to."""

    result: Result = field(default_factory=Result)
    done: list[str] = field(default_factory=list)
    waiting: int = 0

    def add(self, result: Result, entries: Sequence[Entry]) -> None:
        self.result += result
        self.done += [entry.entry_id for entry in entries]


def write(entries: Sequence[Entry], knowledge: Knowledge) -> Written:
    """Read, decide and commit; the entries in `done` may be acknowledged.

    :raises Unavailable: no connection, no space, a shutdown; what was committed before is lost to the caller only
    """
    now = datetime.now(UTC)
    received: list[Received] = []
    rejected: list[Rejected] = []
    for entry in entries:
        match read(entry, now, knowledge):
            case Rejected() as one:
                rejected.append(one)
            case Received() as one:
                received.append(one)
    written = Written()
    write_all(sorted(received, key=lambda one: one.event.session_id), rejected, knowledge, written)
    return written


def read(entry: Entry, now: datetime, knowledge: Knowledge) -> Received | Rejected:
    """Decode an entry and ask the rules, before any lock is taken; one that breaks them must not stop the others."""
    event = read_event(entry, now)
    if isinstance(event, Rejected):
        return event
    try:
        return Received(entry, Examined(event, examine(event, knowledge.policy, knowledge.lexicon)))
    except Exception as error:
        logger.exception("rules_failed", event_id=str(event.id))
        return Rejected(entry, f"the rules failed on it: {described(error)}", event.id, event.session_id)


def write_all(
    received: Sequence[Received], rejected: Sequence[Rejected], knowledge: Knowledge, written: Written
) -> None:
    """One transaction; when some entry is at fault, the halves in turn, until the culprit is alone."""
    try:
        result = in_transaction(received, rejected, knowledge)
    except Exception as error:
        fault = trouble(error)
        if fault in {Trouble.INFRASTRUCTURE, Trouble.RETRY}:
            raise Unavailable(described(error)) from error
        divide(received, rejected, knowledge, written, fault, error)
    else:
        written.add(result, [one.entry for one in received] + [one.entry for one in rejected])


def divide(
    received: Sequence[Received],
    rejected: Sequence[Rejected],
    knowledge: Knowledge,
    written: Written,
    fault: Trouble,
    error: Exception,
) -> None:
    if rejected and received:
        write_all([], rejected, knowledge, written)
        write_all(received, [], knowledge, written)
    elif fault is Trouble.LOCKED and len({one.event.session_id for one in received}) == 1:
        # Somebody holds this session's row: its events stay pending and come back, the others are not kept waiting.
        written.waiting += len(received)
    elif len(received) > 1:
        middle = boundary(received) if fault is Trouble.LOCKED else len(received) // 2
        write_all(received[:middle], [], knowledge, written)
        write_all(received[middle:], [], knowledge, written)
    elif received:
        logger.error("event_set_aside", event_id=str(received[0].event.id), error=described(error))
        write_all([], [as_rejected(received[0], error)], knowledge, written)
    else:
        raise error


def boundary(received: Sequence[Received]) -> int:
    """Where to cut a batch that is sorted by session, near its middle and between two sessions."""
    middle = received[len(received) // 2].event.session_id
    first = next(place for place, one in enumerate(received) if one.event.session_id == middle)
    return first or next(place for place, one in enumerate(received) if one.event.session_id != middle)


def as_rejected(received: Received, error: Exception) -> Rejected:
    reason = f"it cannot be stored: {described(error)}"
    return Rejected(received.entry, reason, received.event.id, received.event.session_id)


def in_transaction(received: Sequence[Received], rejected: Sequence[Rejected], knowledge: Knowledge) -> Result:
    for attempt in Retrying(
        retry=retry_if_exception(lambda error: isinstance(error, Exception) and trouble(error) is Trouble.RETRY),
        wait=wait_random_exponential(multiplier=0.01, max=0.5),
        stop=stop_after_attempt(ATTEMPTS),
        reraise=True,
    ):
        with attempt, begin() as connection:
            return process(connection, received, rejected, knowledge)
    raise AssertionError("unreachable: the last attempt raises or returns")
