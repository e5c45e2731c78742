"""One batch of events in one transaction: inbox, state, decisions, tickets, outbox.

How many statements that takes depends on what is in the batch, never on its size.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from config.settings import Settings
from rules.decision import Decision, Examined, SessionState, decide
from rules.triggers import needs_second_ear
from services.database.quick import in_few_trips
from services.escalation.confirmations import ask, read_answers
from services.escalation.open_tickets import open_tickets
from services.escalation.update_tickets import update_tickets
from services.events.decoding import Received, Rejected
from services.events.inbox import insert_events, lock_sessions
from services.events.rejected import count_recent, set_aside
from services.events.session_state import read_states, write_states
from services.installation import Installation
from services.listening.queue import queue_texts
from services.outbox.outcomes import NewOutcome, queue_outcomes
from services.tickets.update import Update, adopt, foreign_tickets

# Of the outcomes that are kept in their stream, at most a tenth an hour tells of events that were set aside.
_SHARE_OF_OUTCOMES = 10


@dataclass(frozen=True, slots=True)
class BatchResult:
    """What a batch led to; counts only, so that it may be shown anywhere. `away`: PostgreSQL did not take it."""

    events: int = 0
    duplicates: int = 0
    rejected: int = 0
    opened: int = 0
    updated: int = 0
    mails: int = 0
    urgent: int = 0
    outcomes: int = 0
    to_judge: int = 0
    pushes: int = 0
    away: int = 0

    def __add__(self, other: "BatchResult") -> "BatchResult":
        return BatchResult(*(mine + theirs for mine, theirs in zip(self.counts(), other.counts(), strict=True)))

    def counts(self) -> tuple[int, ...]:
        return tuple(getattr(self, name) for name in self.__slots__)


def process(
    connection: Connection, received: Sequence[Received], rejected: Sequence[Rejected], installation: Installation
) -> BatchResult:
    """Write a batch and everything that follows from it; the caller owns the transaction."""
    with in_few_trips(connection):
        result = process_events(connection, received, installation) if received else BatchResult()
        return result + _process_rejected(connection, rejected, installation.settings) if rejected else result


def _process_rejected(connection: Connection, rejected: Sequence[Rejected], settings: Settings) -> BatchResult:
    """Set aside what cannot be used and publish an outcome for each, up to an hourly limit.

    Without the limit a flood would push what others wait for out of the outcomes' stream.
    """
    room = settings.outcomes_keep // _SHARE_OF_OUTCOMES
    room -= count_recent(connection, room)
    fresh = set_aside(connection, rejected)
    outcomes = [
        NewOutcome(
            cause=(entry.rejected_id,), type="event.rejected", session_id=entry.session_id, event_id=entry.event_id
        )
        for entry in fresh
        if entry.session_id or entry.event_id
    ][: max(room, 0)]
    if outcomes:
        queue_outcomes(connection, outcomes)
    return BatchResult(rejected=len(fresh), outcomes=len(outcomes))


def process_events(connection: Connection, received: Sequence[Received], installation: Installation) -> BatchResult:
    # A number is hashed in a tenth of the time that its UUID takes.
    once = list({entry.event.id.int: entry for entry in received}.values())
    lock_sessions(connection, [entry.event.session_id for entry in once])
    new = insert_events(connection, once, installation.policy.version)
    counted = BatchResult(events=len(new), duplicates=len(received) - len(new))
    if not new:
        return counted
    counted += BatchResult(to_judge=_queue_for_second_ear(connection, new, installation))
    by_session = read_answers(connection, group_by_session(entry.examined for entry in new), installation)
    states = read_states(connection, by_session)
    decisions = [decide(states[session_id], events, installation.policy) for session_id, events in by_session.items()]
    changed = [decision.state for decision in decisions if decision.state != states[decision.state.session_id]]
    if changed:
        write_states(connection, changed)
    decisions = adopt_foreign(connection, decisions, states, by_session, installation)
    if installation.settings.mode != "shadow":
        counted += BatchResult(outcomes=ask(connection, decisions, by_session, installation))
    return counted + escalate(connection, decisions, new, installation)


def _queue_for_second_ear(connection: Connection, new: Sequence[Received], installation: Installation) -> int:
    """Leave texts that the word lists have not settled to the second ear, which judges them after the commit."""
    unsettled = {
        entry.event.id: any("waits_for" in signal.evidence for signal in entry.examined.signals)
        for entry in new
        if needs_second_ear(entry.event, entry.examined.signals, installation.policy)
    }
    if unsettled:
        queue_texts(connection, unsettled)
    return len(unsettled)


def group_by_session(examined: Iterable[Examined]) -> dict[str, list[Examined]]:
    by_session: dict[str, list[Examined]] = defaultdict(list)
    for event in examined:
        by_session[event.event.session_id].append(event)
    return by_session


def adopt_foreign(
    connection: Connection,
    decisions: Sequence[Decision],
    states: dict[str, SessionState],
    by_session: dict[str, list[Examined]],
    installation: Installation,
) -> list[Decision]:
    """Where somebody else has opened a ticket for the session already, decide again with that one."""
    opening = [decision.state.session_id for decision in decisions if decision.opens]
    foreign = foreign_tickets(connection, opening) if opening else {}
    if not foreign:
        return list(decisions)
    again = {
        session_id: decide(states[session_id]._replace(ticket=ticket), by_session[session_id], installation.policy)
        for session_id, ticket in foreign.items()
    }
    if installation.settings.mode == "active":
        adopt(connection, list(again.values()))
    return [again.get(decision.state.session_id, decision) for decision in decisions]


def escalate(
    connection: Connection, decisions: Sequence[Decision], received: Sequence[Received], installation: Installation
) -> BatchResult:
    """Open and update tickets; in shadow mode nothing beyond the decisions themselves is written."""
    if installation.settings.mode == "shadow":
        return BatchResult()
    concerned = {decision.state.session_id for decision in decisions if decision.fired or decision.news}
    published = {each.event.id: each.entry.published_at for each in received if each.event.session_id in concerned}
    result = BatchResult()
    updates = [
        Update(decision, decision.state.ticket)
        for decision in decisions
        if decision.state.ticket and (decision.fired or decision.news)
    ]
    if updates:
        result += BatchResult(**update_tickets(connection, updates, published, installation))
    if openings := [decision for decision in decisions if decision.opens]:
        result += BatchResult(**open_tickets(connection, openings, published, installation))
    return result
