"""When a ticket that nobody has acknowledged goes on to somebody else, and to whom."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from rules.contacts import Contact, ContactBook, LadderStep
from rules.duty import in_utc, on_duty, working_time_after


@dataclass(frozen=True, slots=True)
class LadderLevel:
    """A level of the ladder that is due: level 0 got the support mail, `previous` did not answer in time.

    `asked_before`: there is nobody left who has not been asked, so the contact is asked once more.
    """

    number: int
    contact: Contact
    previous: Contact
    due_at: datetime
    is_last: bool
    asked_before: bool = False


@dataclass(frozen=True, slots=True)
class WaitingTicket:
    """A ticket that nobody has acknowledged since `waiting_since`; no `last_level`: only the support mail went out.

    `asked`: the mail addresses, in lower case, that have had a mail about it; `last_contact`: the key of the contact
    of the last level.
    """

    priority: str
    waiting_since: datetime
    last_level: int | None = None
    last_sent_at: datetime | None = None
    asked: frozenset[str] = frozenset()
    last_contact: str | None = None


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
    previous = next((contact for contact in book.contacts if contact.key == ticket.last_contact), step.levels[level])
    for number, contact in _list_candidates(book, step, level, now):
        if contact.email.casefold() not in ticket.asked:
            return LadderLevel(number, contact, previous, due, number + 1 == len(step.levels))
    number = level + 1
    return LadderLevel(number, step.levels[number], previous, due, number + 1 == len(step.levels), True)


def _list_candidates(book: ContactBook, step: LadderStep, level: int, now: datetime) -> Iterator[tuple[int, Contact]]:
    """Who may be next, with the level that this is: the ladder's own, then whoever is on duty, then everybody."""
    for number in range(level + 1, len(step.levels)):
        yield number, step.levels[number]
    for contact in sorted(book.contacts, key=lambda contact: not on_duty(contact.hours, now)):
        yield level + 1, contact
