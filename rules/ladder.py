"""When a ticket that nobody has acknowledged goes on to somebody else, and to whom."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from rules.contacts import Contact, ContactBook, LadderStep
from rules.duty import in_utc, working_time_after


@dataclass(frozen=True, slots=True)
class Rung:
    """A place on the ladder that is due: rung 0 got the support mail, `previous` did not answer in time."""

    number: int
    contact: Contact
    previous: Contact
    due_at: datetime
    is_last: bool


def due_at(step: LadderStep, last_rung: int, since: datetime) -> datetime:
    """When the time of a rung that was told `since` is over, in UTC: by its own working hours, or by the wall clock.

    A day is a working day of that contact: the same time on the next one, when all of them are equally long.

    :raises ValueError: `since` has no time zone
    """
    if step.wall_clock:
        return in_utc(since) + step.time + timedelta(days=step.days)
    hours = step.rungs[last_rung].hours
    return working_time_after(since, step.time + step.days * hours.working_day, hours)


def next_rung(
    book: ContactBook,
    *,
    priority: str,
    opened_at: datetime,
    last_rung: int | None,
    last_sent_at: datetime | None,
    acknowledged: bool,
    now: datetime,
) -> Rung | None:
    """The rung that a ticket goes to now; none when it is acknowledged, has time left, or the ladder is at its end.

    `last_rung` and `last_sent_at` say which rung was told last and when; none: only the support mail went out.
    """
    step, told = book.ladder[priority], last_rung or 0
    if acknowledged or told + 1 >= len(step.rungs):
        return None
    due = due_at(step, told, last_sent_at or opened_at)
    if due > now:
        return None
    following = told + 1
    return Rung(following, step.rungs[following], step.rungs[told], due, following + 1 == len(step.rungs))
