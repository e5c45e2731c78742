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


class Refusal(Exception):
    """Why something is not done: an English sentence with `values` in its places, so that it can be said in others.

    `plural` is the sentence for all counts but one; `values["num"]` counts then.
    """

    def __init__(self, sentence: str, plural: str = "", **values: object) -> None:
        super().__init__(sentence, plural)
        self.sentence, self.plural, self.values = sentence, plural, values

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"

    def __str__(self) -> str:
        return (self.plural if self.plural and self.values["num"] != 1 else self.sentence) % self.values


class TicketRefused(Refusal):
    """This may not be done with the ticket now; the text names the ticket, its status and the next step, no person."""


class WrongStatus(TicketRefused):
    """The ticket's status has to change first."""


class TakenAlready(TicketRefused):
    """Somebody else has the ticket; `holder` says who."""

    def __init__(self, number: str, holder: str | None) -> None:
        super().__init__("%(number)s has been taken by somebody else already: assign it to hand it over", number=number)
        self.holder = holder


class UnknownExpert(TicketRefused):
    """ABParts has no such user; `expert` is what was given instead of an id."""

    def __init__(self, number: str, expert: str) -> None:
        super().__init__(
            "%(number)s cannot be assigned, since no user of ABParts has this id; "
            "the right one: SELECT id, name FROM users WHERE email = '…'",
            number=number,
        )
        self.expert = expert


def following(action: str, number: str, status: str) -> str:
    """The status after an action; one of somebody else's making counts as being worked on, and stays until it is left.

    :raises WrongStatus: this action may not follow on this status
    """
    statuses: Mapping[str, str] = FOLLOWS[action]
    if status not in STATUSES:
        kept = {"note": status, "prioritise": status, "reopen": TicketStatus.OPEN}
        statuses = {status: kept.get(action) or statuses.get(TicketStatus.IN_PROGRESS, "")}
        if not statuses[status]:
            raise _wrong_status(action, number, status, "resolve it first")
    if status not in statuses:
        raise _wrong_status(action, number, status, _ADVICE.get(status, "reopen it first"))
    return statuses[status]


def _wrong_status(action: str, number: str, status: str, advice: str) -> WrongStatus:
    sentence = f"%(number)s is %(status)s, so it cannot be {_PAST[action]}: {advice}"
    return WrongStatus(sentence, number=number, status=status)
