"""When somebody is on duty, and how working time is counted across nights, weekends and changes of the clock."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby, islice
from zoneinfo import ZoneInfo

DAY_NAMES = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
DAY_MINUTES = 24 * 60
WEEK_MINUTES = 7 * DAY_MINUTES


@dataclass(frozen=True, slots=True, order=True)
class Shift:
    """Duty that begins on a weekday (Monday is 0); in minutes from local midnight, `end` above 1440 is the next day."""

    weekday: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class WorkingHours:
    """The shifts of every week by the clock of a time zone; on `closed` days none begins.

    :raises ValueError: there is no shift at all
    """

    zone: ZoneInfo
    shifts: tuple[Shift, ...]
    closed: frozenset[date] = frozenset()

    def __post_init__(self) -> None:
        if not self.shifts:
            raise ValueError("working hours should have at least one shift")

    @property
    def always(self) -> bool:
        """Around the clock, all week, all year."""
        week = sorted((shift.weekday * DAY_MINUTES + shift.start, shift.end - shift.start) for shift in self.shifts)
        first = reached = week[0][0]
        for start, length in week:
            if start > reached:
                return False
            reached = max(reached, start + length)
        return reached - first >= WEEK_MINUTES and not self.closed

    @property
    def working_day(self) -> timedelta:
        """The working time of an average working day: 10 h for Mon-Fri 8-18, 24 h for 24/7."""
        minutes = sum(shift.end - shift.start for shift in self.shifts)
        return timedelta(minutes=minutes) / len({shift.weekday for shift in self.shifts})

    def describe(self) -> str:
        """In words, such as `Mon–Fri 08:00–18:00 (Europe/Athens)` or `24/7`."""
        if self.always:
            return "24/7"
        texts = [_times_of(self, weekday) for weekday in range(7)]
        runs = [(text, list(days)) for text, days in groupby(range(7), key=texts.__getitem__) if text]
        return "; ".join(f"{_run_of_days(days)} {text}" for text, days in runs) + f" ({self.zone.key})"


def _times_of(hours: WorkingHours, weekday: int) -> str:
    shifts = sorted(shift for shift in hours.shifts if shift.weekday == weekday)
    return ", ".join(f"{_format_clock(shift.start)}–{_format_clock(shift.end)}" for shift in shifts)


def _run_of_days(days: list[int]) -> str:
    return DAY_NAMES[days[0]] if len(days) == 1 else f"{DAY_NAMES[days[0]]}–{DAY_NAMES[days[-1]]}"


def _format_clock(minutes: int) -> str:
    within_day = minutes if minutes <= DAY_MINUTES else minutes - DAY_MINUTES
    return f"{within_day // 60:02}:{within_day % 60:02}"


def in_utc(moment: datetime) -> datetime:
    """The moment in UTC.

    :raises ValueError: it has no time zone
    """
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} should have a time zone")
    return moment.astimezone(UTC)


def spells(hours: WorkingHours, moment: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The stretches of duty from a moment on, in UTC, without end and without overlap."""
    reached = in_utc(moment)
    # A night shift that began the day before may still be running.
    day = moment.astimezone(hours.zone).date() - timedelta(days=1)
    while True:
        for shift in _shifts_on(hours, day):
            start, end = max(_instant(hours, day, shift.start), reached), _instant(hours, day, shift.end)
            if end > start:
                yield start, end
                reached = end
        day += timedelta(days=1)


def _shifts_on(hours: WorkingHours, day: date) -> list[Shift]:
    if day in hours.closed:
        return []
    return sorted(shift for shift in hours.shifts if shift.weekday == day.weekday())


def _instant(hours: WorkingHours, day: date, minutes: int) -> datetime:
    """A local time in UTC; one that occurs twice or never takes the offset before the change (RFC 5545, 3.3.5)."""
    return (datetime.combine(day, time(), hours.zone) + timedelta(minutes=minutes)).astimezone(UTC)


def working_time_after(start: datetime, duration: timedelta, hours: WorkingHours) -> datetime:
    """When `duration` of working time has passed since `start`, in UTC.

    :raises ValueError: `start` has no time zone
    """
    stretches = spells(hours, start)
    begin, end = next(stretches)
    while duration > end - begin:
        duration -= end - begin
        begin, end = next(stretches)
    return begin + duration


def on_duty(hours: WorkingHours, now: datetime) -> bool:
    """Whether it is working time now."""
    return next(spells(hours, now))[0] == now


def duty_changes(hours: WorkingHours, now: datetime) -> datetime | None:
    """When duty ends or, off duty, begins, in the contact's own zone; none when it goes on for a week or longer."""
    begin, end = next(spells(hours, now))
    if begin > now:
        return begin.astimezone(hours.zone)
    for following, until in islice(spells(hours, end), len(hours.shifts)):
        if following > end:
            return end.astimezone(hours.zone)
        end = until
    return None
