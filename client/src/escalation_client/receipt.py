"""What the assistant knows when it has published an event and waited a moment: an outcome, or that it was taken."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from escalation_client.events import EscalationRequested, Event
from escalation_client.outcomes import Outcome
from escalation_client.words import say_taken

TICKET_OUTCOMES: Final = frozenset({"ticket.opened", "ticket.updated"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """An event that was taken: by Redis, or by the spool while Redis is away (`entry_id` is None then).

    `outcome` is what came of it in time, or None. `say` is what the user may be told in either case, in their language.
    `position` is where to go on waiting (`after` of `wait_for_outcome`), if it is known; `session_id` is the event's.
    """

    session_id: str
    entry_id: str | None
    position: str | None
    outcome: Outcome | None
    say: str

    @property
    def confirmed(self) -> bool:
        """Whether a worker has answered."""
        return self.outcome is not None

    @property
    def ticket_number(self) -> str | None:
        """The ticket's number, once it is known."""
        return self.outcome.ticket_number if self.outcome else None

    @property
    def ticket_id(self) -> str | None:
        """The ticket's id, once it is known."""
        return self.outcome.ticket_id if self.outcome else None

    @property
    def contact(self) -> Mapping[str, Any] | None:
        """Whom the user may turn to, once it is known."""
        return self.outcome.contact if self.outcome else None


def receipt_of(
    event: Event, taken: tuple[str | None, str | None], outcome: Outcome | None, language: str | None
) -> Receipt:
    """A receipt with the worker's own words, or the ones for an event that was taken and is not yet confirmed."""
    entry_id, position = taken
    spoken = language or getattr(event, "language", None)
    words = say_taken(spoken, safety=_is_danger(event))
    return Receipt(
        session_id=event.session_id,
        entry_id=entry_id,
        position=position,
        outcome=outcome,
        say=(outcome.say if outcome else None) or words,
    )


def _is_danger(event: Event) -> bool:
    if isinstance(event, EscalationRequested):
        return event.reason == "safety_concern"
    return getattr(event, "safety", None) is True
