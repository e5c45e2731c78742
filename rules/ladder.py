"""When a ticket that nobody has acknowledged goes on to somebody else, and to whom."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from rules.contacts import Contact, ContactBook, LadderStep
from rules.duty import in_utc, working_time_after


@dataclass(frozen=True, slots=True)
class LadderLevel:
    """A level of the ladder that is due: level 0 got the support mail, `previous` did not answer in time."""

    number: int
    contact: Contact
    previous: Contact
    due_at: datetime
    is_last: bool


@dataclass(frozen=True, slots=True)
class WaitingTicket:
    """A ticket that nobody has acknowledged since `waiting_since`; no `last_level`: only the support mail went out."""

    priority: str
    waiting_since: datetime
    last_level: int | None = None
    last_sent_at: datetime | None = None


def due_at(step: LadderStep, level: int, since: datetime) -> datetime:
    """When the time of a level that was asked `since` is over, in UTC: by its own working hours, or by the wall clock.

    A day is a working day of that contact: the same time on the next one, when all of them are equally long.

    :raises ValueError: `since` has no time zone
    """
    if step.wall_clock:
        return in_utc(since) + step.time + timedelta(days=step.days)
    hours = step.levels[level].hours
    return working_time_after(since, step.time + step.days * hours.working_day, hours)


def find_next_level(book: ContactBook, ticket: WaitingTicket, now: datetime) -> LadderLevel | None:
    """The level that a ticket goes to now; None while it has time left, and at the end of the ladder."""
    step, level = book.ladder[ticket.priority], ticket.last_level or 0
    if level + 1 >= len(step.levels):
        return None
    due = due_at(step, level, ticket.last_sent_at or ticket.waiting_since)
    if due > now:
        return None
    following = level + 1
    return LadderLevel(following, step.levels[following], step.levels[level], due, following + 1 == len(step.levels))
