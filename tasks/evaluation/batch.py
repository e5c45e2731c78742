"""A batch against the database: all at once, and in halves when something in it is at fault."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import structlog
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from rules.decision import Examined
from rules.triggers import examine
from services.database.engine import begin_in_few_trips
from services.database.errors import DatabaseFailure, classify_failure, described
from services.escalation.process_batch import BatchResult, process
from services.events.decoding import ReadEvent, Received, Rejected, read_event
from services.events.stream import StreamEntry
from services.installation import Installation

logger = structlog.get_logger()

# A transaction takes no more than this: PostgreSQL refuses a message of a gigabyte, and a child has its memory.
PART_BYTES = 8 * 1024 * 1024
# Deadlocks and serialization failures: PostgreSQL asks to try the same again.
_ATTEMPTS = 6


class Unavailable(Exception):
    """The database cannot work at the moment; nobody's fault, so everything stays pending."""


@dataclass(slots=True)
class Written:
    """What came of some entries: those that are done, and the counts of what they led to.

    `demanded` is PostgreSQL's word on what some of the waiting ones lack.
    """

    result: BatchResult = field(default_factory=BatchResult)
    done: list[str] = field(default_factory=list)
    waiting: int = 0
    demanded: str = ""

    def add(self, result: BatchResult, entries: Sequence[StreamEntry]) -> None:
        self.result += result
        self.done += [entry.entry_id for entry in entries]


def write(entries: Sequence[StreamEntry], installation: Installation) -> Written:
    """Read, decide and commit; the entries in `done` may be acknowledged.

    :raises Unavailable: no connection, no space, a shutdown; what was committed before is lost to the caller only
    """
    written = Written()
    for part in parts(entries):
        _write_part(part, installation, written)
    return written


def parts(entries: Sequence[StreamEntry]) -> Iterator[Sequence[StreamEntry]]:
    """All of them together, unless they are very large."""
    start = size = 0
    for place, entry in enumerate(entries):
        size += entry.size
        if size > PART_BYTES and place > start:
            yield entries[start:place]
            start, size = place, entry.size
    if entries:
        yield entries[start:]


def _write_part(entries: Sequence[StreamEntry], installation: Installation, written: Written) -> None:
    received: list[Received] = []
    rejected: list[Rejected] = []
    # First all are decoded, then the rules are asked about all: what a step needs stays in the processor's cache.
    for entry, found in _read(entries):
        match found if isinstance(found, Rejected) else _examine(entry, found, installation):
            case Rejected() as unusable:
                rejected.append(unusable)
            case Received() as usable:
                received.append(usable)
    received.sort(key=lambda usable: usable.examined.event.session_id)
    _write_all(received, rejected, installation, written)


def _read(entries: Sequence[StreamEntry]) -> list[tuple[StreamEntry, ReadEvent | Rejected]]:
    now = datetime.now(UTC)
    milliseconds = now.timestamp() * 1000
    # A host whose clock is behind would take every event for one of the future.
    return [
        (entry, read_event(entry, now if entry.published_ms <= milliseconds else entry.published_at))
        for entry in entries
    ]


def _examine(entry: StreamEntry, found: ReadEvent, installation: Installation) -> Received | Rejected:
    """Ask the rules, before any lock is taken; an event that breaks them must not stop the others."""
    # Word lists that cannot be read are no fault of the event.
    event, lexicon = found.event, installation.lexicon
    try:
        examined = Examined(event, examine(event, installation.policy, lexicon))
    except Exception as error:
        logger.exception("rules_failed", event_id=str(event.id), session_id=event.session_id)
        return Rejected(entry, f"the rules failed on it: {described(error)}", event.id, event.session_id)
    return Received(entry._replace(raw=found.raw) if found.notes else entry, examined, found.notes)


def _write_all(
    received: Sequence[Received], rejected: Sequence[Rejected], installation: Installation, written: Written
) -> None:
    """One transaction; when some entry is at fault, the halves in turn, until the culprit is alone."""
    try:
        result = _in_transaction(received, rejected, installation)
    except Exception as error:
        _divide(received, rejected, installation, written, error)
    else:
        written.add(result, [each.entry for each in received] + [each.entry for each in rejected])


def _divide(
    received: Sequence[Received],
    rejected: Sequence[Rejected],
    installation: Installation,
    written: Written,
    error: Exception,
) -> None:
    fault = classify_failure(error)
    if fault in {DatabaseFailure.INFRASTRUCTURE, DatabaseFailure.RETRY}:
        raise Unavailable(described(error)) from error
    by_session = fault in {DatabaseFailure.LOCKED, DatabaseFailure.DEMANDED}
    if rejected and received:
        _write_all([], rejected, installation, written)
        _write_all(received, [], installation, written)
    elif by_session and len({each.event.session_id for each in received}) == 1:
        # Somebody holds this session's row, or ABParts' table takes none of it: its events stay pending and come back,
        # the others are not kept waiting.
        written.waiting += len(received)
        if fault is DatabaseFailure.DEMANDED:
            written.demanded = described(error)
    elif len(received) > 1:
        middle = _boundary(received) if by_session else len(received) // 2
        _write_all(received[:middle], [], installation, written)
        _write_all(received[middle:], [], installation, written)
    elif received:
        event = received[0].event
        logger.error("event_set_aside", event_id=str(event.id), session_id=event.session_id, error=described(error))
        _write_all([], [_as_rejected(received[0], error)], installation, written)
    elif fault is DatabaseFailure.LOCKED:
        # Another drain is just writing the same.
        written.waiting += len(rejected)
    elif len(rejected) > 1:
        middle = len(rejected) // 2
        _write_all([], rejected[:middle], installation, written)
        _write_all([], rejected[middle:], installation, written)
    else:
        raise error


def _boundary(received: Sequence[Received]) -> int:
    """Where to cut a batch that is sorted by session, near its middle and between two sessions."""
    middle = received[len(received) // 2].event.session_id
    first = next(place for place, entry in enumerate(received) if entry.event.session_id == middle)
    return first or next(place for place, entry in enumerate(received) if entry.event.session_id != middle)


def _as_rejected(received: Received, error: Exception) -> Rejected:
    reason = f"it cannot be stored: {described(error)}"
    return Rejected(received.entry, reason, received.event.id, received.event.session_id)


def _in_transaction(
    received: Sequence[Received], rejected: Sequence[Rejected], installation: Installation
) -> BatchResult:
    for attempt in Retrying(
        retry=retry_if_exception(
            lambda error: isinstance(error, Exception) and classify_failure(error) is DatabaseFailure.RETRY
        ),
        wait=wait_random_exponential(multiplier=0.01, max=0.5),
        stop=stop_after_attempt(_ATTEMPTS),
        reraise=True,
    ):
        with attempt, begin_in_few_trips() as connection:
            return process(connection, received, rejected, installation)
    raise AssertionError("unreachable: the last attempt raises or returns")
