"""From the signals of a session's new events to what happens.

Monotone over the set of events, so that order, repetition and batches do not matter.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple
from uuid import UUID

from escalation_client.events import EscalationRequested, Event, SessionEnded, SessionStarted, StepRecorded
from rules.policy import Policy
from rules.reasons import PRIORITIES, Reason, by_gravity, highest
from rules.session_status import SESSION_STATUSES, SessionStatus
from rules.triggers import Signal, has_failed, signal


@dataclass(frozen=True, slots=True)
class OpenTicket:
    """The session's unfinished ticket: why it exists, how urgent it is so far, and whether somebody else opened it."""

    ticket_id: str
    ticket_number: str
    reasons: frozenset[str]
    priority: str
    adopted: bool = False


class SessionState(NamedTuple):
    """What the rules remember of a session; `failed_steps` maps a step's number to when it last failed."""

    session_id: str
    user_id: str | None = None
    machine_id: str | None = None
    language: str | None = None
    announced_at: datetime | None = None
    announced_by: UUID | None = None
    ended: str | None = None
    failed_steps: Mapping[int, datetime] = MappingProxyType({})
    status: str = SessionStatus.ACTIVE
    ticket: OpenTicket | None = None
    last_ticket_id: str | None = None
    tickets: int = 0
    closed_at: datetime | None = None

    @property
    def next_ordinal(self) -> int:
        """Which of the session's tickets the next one is, from 1."""
        return self.tickets + 1


class Examined(NamedTuple):
    """An event with what each rule said of it."""

    event: Event
    signals: tuple[Signal, ...]


class Fired(NamedTuple):
    """A rule that fired for an event and counts."""

    event: Event
    signal: Signal

    @property
    def reason(self) -> str:
        return self.signal.reason


@dataclass(frozen=True, slots=True)
class TicketUpdate:
    """What the reader of an open ticket does not know yet: a reason, danger, nobody being hurt, notes, a happy end."""

    kind: str
    event: Event
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What a session's new events lead to."""

    state: SessionState
    fired: tuple[Fired, ...] = ()
    reasons: tuple[str, ...] = ()
    priority: str | None = None
    news: tuple[TicketUpdate, ...] = ()

    @property
    def opens(self) -> bool:
        """A ticket has to be opened."""
        return bool(self.fired) and self.state.ticket is None


def decide(state: SessionState, examined: Sequence[Examined], policy: Policy) -> Decision:
    """Merge new events into a session's state and say what follows."""
    events = sorted(examined, key=lambda each: (each.event.occurred_at, each.event.id))
    merged = _merge(state, [each.event for each in events])
    fired = tuple(_find_fired(merged, events, policy))
    status = (
        SessionStatus.ESCALATED if fired or merged.status == SessionStatus.ESCALATED else merged.ended or merged.status
    )
    merged = merged._replace(status=max(merged.status, status, key=SESSION_STATUSES.index))
    return Decision(
        state=merged,
        fired=fired,
        reasons=tuple(by_gravity(each.reason for each in fired)),
        priority=highest(each.signal.priority for each in fired) if fired else None,
        news=tuple(_find_news(state.ticket, fired, events)) if state.ticket else (),
    )


def _merge(state: SessionState, events: Iterable[Event]) -> SessionState:
    """Add what events tell of the session itself: a union of maxima and minima, so that any order gives the same."""
    for event in events:
        match event:
            case SessionStarted():
                state = _announced(state, event)
            case StepRecorded() if has_failed(event):
                last = max(state.failed_steps.get(event.step_number, event.occurred_at), event.occurred_at)
                state = state._replace(failed_steps={**state.failed_steps, event.step_number: last})
            case SessionEnded():
                state = state._replace(
                    ended=max(state.ended or SessionStatus.ACTIVE, event.status, key=SESSION_STATUSES.index)
                )
            case _:
                continue
    return state


def _announced(state: SessionState, event: SessionStarted) -> SessionState:
    """The earliest announcement of a session counts, whichever came first."""
    if (
        state.announced_at
        and state.announced_by
        and (state.announced_at, state.announced_by) <= (event.occurred_at, event.id)
    ):
        return state
    return state._replace(
        user_id=event.user_id,
        machine_id=event.machine_id,
        language=event.language,
        announced_at=event.occurred_at,
        announced_by=event.id,
    )


def _counts(state: SessionState, event: Event) -> bool:
    """After a ticket was resolved or closed only what happened later counts."""
    return state.closed_at is None or event.occurred_at > state.closed_at


def _find_fired(state: SessionState, events: Iterable[Examined], policy: Policy) -> Iterable[Fired]:
    for event, signals in events:
        if _counts(state, event):
            yield from [Fired(event, signal) for signal in signals if signal.fired]
            yield from _count_steps(state, event, policy)


def _count_steps(state: SessionState, event: Event, policy: Policy) -> Iterable[Fired]:
    """The limit is passed by the set of steps, so whichever event completes the set fires, and each one after it.

    A session that ended as solved needs nobody because of its steps.
    """
    if isinstance(event, StepRecorded) and has_failed(event) and state.ended != SessionStatus.COMPLETED:
        steps = sum(state.closed_at is None or at > state.closed_at for at in state.failed_steps.values())
        if steps >= policy.step_limit:
            yield Fired(event, signal(Reason.STEPS_EXCEEDED, True, observed=steps, limit=policy.step_limit))


def _find_news(ticket: OpenTicket, fired: Iterable[Fired], events: Iterable[Examined]) -> Iterable[TicketUpdate]:
    """What an open ticket's reader does not know yet."""
    known = set(ticket.reasons)
    for found in fired:
        if found.reason not in known:
            known.add(found.reason)
            yield TicketUpdate("reason", found.event, found.reason)
        elif found.reason == Reason.SAFETY_CONCERN:
            yield TicketUpdate("safety", found.event, found.reason)
    for examined in events:
        event = examined.event
        if isinstance(event, EscalationRequested) and event.notes:
            yield TicketUpdate("notes", event)
        elif isinstance(event, SessionEnded) and event.status == SessionStatus.COMPLETED:
            yield TicketUpdate("ended", event)
        elif Reason.SAFETY_CONCERN in known and any(_denies_injury(signal) for signal in examined.signals):
            yield TicketUpdate("unhurt", event)


def _denies_injury(found: Signal) -> bool:
    return found.reason == Reason.SAFETY_CONCERN and not found.fired and found.evidence.get("hurt") == "denied"


def raise_priority(ticket: OpenTicket, priority: str | None) -> str | None:
    """The ticket's new priority when this one is higher, else None: a further reason raises it and never lowers it."""
    higher = priority and PRIORITIES.index(priority) > PRIORITIES.index(ticket.priority)
    return priority if higher else None


def make_evidence(fired: Fired) -> dict[str, Any]:
    """What is kept with a ticket for a reason: the event, when, and what the rule saw."""
    return {
        "event_id": str(fired.event.id),
        "at": fired.event.occurred_at.isoformat(),
        "priority": fired.signal.priority,
        **fired.signal.as_evidence(),
    }
