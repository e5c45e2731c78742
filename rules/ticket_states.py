"""What may be done with a ticket, and when; the same table for the command line, tasks and the ticket's page."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class TicketStatus(StrEnum):
    """ABParts' words in `support_tickets.status`."""

    OPEN = "open"
    IN_PROGRESS = "in_progress"
    RESOLVED = "resolved"
    CLOSED = "closed"


STATUSES: Final = tuple(TicketStatus)
UNFINISHED: Final = (TicketStatus.OPEN, TicketStatus.IN_PROGRESS)
FINISHED: Final = (TicketStatus.RESOLVED, TicketStatus.CLOSED)


class TriggerFeedback(StrEnum):
    """What an expert says of a trigger."""

    NEEDED = "needed"
    TOO_EARLY = "too_early"
    TOO_LATE = "too_late"
    NOT_NEEDED = "not_needed"


FEEDBACK_WORDS: Final = tuple(TriggerFeedback)

_OPEN, _IN_PROGRESS, _RESOLVED, _CLOSED = TicketStatus
# From a status to the one that follows; what is not here may not be done. The same status: nothing is left to do.
FOLLOWS: Final[Mapping[str, Mapping[str, TicketStatus]]] = {
    "acknowledge": {_OPEN: _IN_PROGRESS, _IN_PROGRESS: _IN_PROGRESS},
    "assign": {_OPEN: _IN_PROGRESS, _IN_PROGRESS: _IN_PROGRESS},
    "note": {status: status for status in STATUSES},
    "prioritise": {_OPEN: _OPEN, _IN_PROGRESS: _IN_PROGRESS},
    "resolve": {_OPEN: _RESOLVED, _IN_PROGRESS: _RESOLVED, _RESOLVED: _RESOLVED},
    "close": {_RESOLVED: _CLOSED, _CLOSED: _CLOSED},
    "release": {_OPEN: _OPEN, _IN_PROGRESS: _OPEN},
    "reassign": {_OPEN: _OPEN, _IN_PROGRESS: _OPEN},
    "snooze": {_OPEN: _OPEN, _IN_PROGRESS: _IN_PROGRESS},
    "reopen": {_OPEN: _OPEN, _IN_PROGRESS: _IN_PROGRESS, _RESOLVED: _OPEN, _CLOSED: _OPEN},
}
_ADVICE: Final[Mapping[str, str]] = {_OPEN: "resolve it first", _IN_PROGRESS: "resolve it first"}
_PAST: Final = {
    "acknowledge": "acknowledged",
    "assign": "assigned",
    "note": "given a note",
    "prioritise": "given another priority",
    "resolve": "resolved",
    "close": "closed",
    "release": "released",
    "reassign": "handed over",
    "snooze": "snoozed",
    "reopen": "reopened",
}


class TicketRefused(Exception):
    """This may not be done with the ticket now; the text names the ticket, its status and the next step, no person."""


class TakenAlready(TicketRefused):
    """Somebody else has the ticket; `holder` says who."""

    def __init__(self, number: str, holder: str | None) -> None:
        super().__init__(f"{number} has been taken by somebody else already: assign it to hand it over")
        self.holder = holder


class UnknownExpert(TicketRefused):
    """ABParts has no such user; `expert` is what was given instead of an id."""

    def __init__(self, number: str, expert: str) -> None:
        super().__init__(
            f"{number} cannot be assigned, since no user of ABParts has this id; "
            "the right one: SELECT id, name FROM users WHERE email = '…'"
        )
        self.expert = expert


def following(action: str, number: str, status: str) -> str:
    """The status after an action; one of somebody else's making counts as being worked on, and stays until it is left.

    :raises TicketRefused: this action may not follow on this status
    """
    statuses: Mapping[str, str] = FOLLOWS[action]
    if status not in STATUSES:
        kept = {"note": status, "prioritise": status, "reopen": TicketStatus.OPEN}
        statuses = {status: kept.get(action) or statuses.get(TicketStatus.IN_PROGRESS, "")}
        if not statuses[status]:
            raise TicketRefused(f"{number} is {status}, so it cannot be {_PAST[action]}: resolve it first")
    if status not in statuses:
        advice = _ADVICE.get(status, "reopen it first")
        raise TicketRefused(f"{number} is {status}, so it cannot be {_PAST[action]}: {advice}")
    return statuses[status]
