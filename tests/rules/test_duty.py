"""Working time, checked against tables and against a count of quarter hours by the local clock."""

from datetime import UTC, date, datetime, timedelta
from itertools import takewhile
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.duty import DAY_MINUTES, Shift, WorkingHours, duty_changes, on_duty, spells, working_time_after
from tests.rules.contact_book import ALWAYS, ATHENS_OFFICE, OSLO_OFFICE, weekly

QUARTER = timedelta(minutes=15)
NIGHTS = WorkingHours(ZoneInfo("Europe/Athens"), tuple(Shift(day, 22 * 60, 30 * 60) for day in range(5)))
EVERY_DAY = weekly("Europe/Athens", range(7), 0, 24)
SUNDAY_NIGHT = WorkingHours(ZoneInfo("Europe/Athens"), (Shift(6, 2 * 60, 5 * 60),))


def at(text: str, zone: str = "Europe/Athens") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


@pytest.mark.parametrize(
    ("hours", "start", "hours_later", "expected"),
    [
        (ATHENS_OFFICE, "2026-03-04 10:00", 4, "2026-03-04 14:00"),
        (ATHENS_OFFICE, "2026-03-04 05:00", 4, "2026-03-04 12:00"),
        (ATHENS_OFFICE, "2026-03-04 17:00", 1, "2026-03-04 18:00"),
        (ATHENS_OFFICE, "2026-03-04 17:00", 4, "2026-03-05 11:00"),
        (ATHENS_OFFICE, "2026-03-06 17:00", 4, "2026-03-09 11:00"),
        (ATHENS_OFFICE, "2026-03-07 12:00", 4, "2026-03-09 12:00"),
        (ATHENS_OFFICE, "2026-03-27 17:00", 2, "2026-03-30 09:00"),
        (ATHENS_OFFICE, "2026-10-23 17:00", 2, "2026-10-26 09:00"),
        (EVERY_DAY, "2026-03-28 12:00", 24, "2026-03-29 13:00"),
        (EVERY_DAY, "2026-10-24 12:00", 24, "2026-10-25 11:00"),
        (NIGHTS, "2026-03-06 23:00", 8, "2026-03-09 23:00"),
        (NIGHTS, "2026-03-07 01:00", 5, "2026-03-07 06:00"),
        (SUNDAY_NIGHT, "2026-03-22 02:00", 4, "2026-03-29 04:00"),
        (SUNDAY_NIGHT, "2026-03-29 00:00", 2, "2026-03-29 05:00"),
        (SUNDAY_NIGHT, "2026-10-25 00:00", 4, "2026-10-25 05:00"),
    ],
)
def test_working_time_passes_only_on_duty(hours: WorkingHours, start: str, hours_later: int, expected: str) -> None:
    assert working_time_after(at(start), timedelta(hours=hours_later), hours) == at(expected)


def test_a_shift_that_begins_in_the_hour_that_the_clock_skips_never_runs_backwards() -> None:
    skipped = WorkingHours(ZoneInfo("Europe/Athens"), (Shift(6, 3 * 60 + 45, 4 * 60), Shift(6, 4 * 60, 6 * 60)))
    stretches = takewhile(lambda spell: spell[0] < at("2026-03-30 00:00"), spells(skipped, at("2026-03-29 00:00")))
    assert list(stretches) == [(at("2026-03-29 04:00").astimezone(UTC), at("2026-03-29 06:00").astimezone(UTC))]


def test_nobody_works_on_a_closed_day() -> None:
    closed = WorkingHours(ATHENS_OFFICE.zone, ATHENS_OFFICE.shifts, frozenset({date(2026, 12, 25)}))
    assert working_time_after(at("2026-12-24 17:00"), timedelta(hours=2), closed) == at("2026-12-28 09:00")
    assert not WorkingHours(ALWAYS.zone, ALWAYS.shifts, closed.closed).always


def test_shifts_that_overlap_count_once() -> None:
    double = WorkingHours(ZoneInfo("UTC"), (Shift(0, 480, 720), Shift(0, 600, 780)))
    start = datetime(2026, 3, 2, 8, tzinfo=UTC)
    assert working_time_after(start, timedelta(hours=5), double) == start + timedelta(hours=5)
    assert working_time_after(start, timedelta(hours=6), double) == start + timedelta(days=7, hours=1)


@pytest.mark.parametrize(
    ("hours", "now", "expected"),
    [
        (ATHENS_OFFICE, "2026-03-04 08:00", "2026-03-04 18:00"),
        (ATHENS_OFFICE, "2026-03-04 18:00", "2026-03-05 08:00"),
        (ATHENS_OFFICE, "2026-03-06 19:00", "2026-03-09 08:00"),
        (weekly("Europe/Athens", range(3), 0, 24), "2026-03-02 12:00", "2026-03-05 00:00"),
        (ALWAYS, "2026-03-04 12:00", None),
        (EVERY_DAY, "2026-03-28 12:00", None),
    ],
)
def test_duty_changes_at_the_end_of_all_that_hangs_together(
    hours: WorkingHours, now: str, expected: str | None
) -> None:
    assert duty_changes(hours, at(now)) == (at(expected) if expected else None)


@pytest.mark.parametrize(
    ("hours", "words", "working_day"),
    [
        (ATHENS_OFFICE, "Mon–Fri 08:00–18:00 (Europe/Athens)", 10),
        (ALWAYS, "24/7", 24),
        (NIGHTS, "Mon–Fri 22:00–06:00 (Europe/Athens)", 8),
        (
            WorkingHours(ZoneInfo("UTC"), (Shift(0, 480, 720), Shift(0, 780, 1020), Shift(2, 540, 1440))),
            "Mon 08:00–12:00, 13:00–17:00; Wed 09:00–24:00 (UTC)",
            11.5,
        ),
        (WorkingHours(ZoneInfo("UTC"), tuple(Shift(day, 720, 2160) for day in range(7))), "24/7", 24),
    ],
)
def test_hours_are_told_in_words(hours: WorkingHours, words: str, working_day: float) -> None:
    assert hours.describe() == words
    assert hours.working_day == timedelta(hours=working_day)


def test_a_moment_without_a_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="2026-03-04T10:00:00 should have a time zone"):
        working_time_after(datetime(2026, 3, 4, 10), timedelta(hours=1), ATHENS_OFFICE)


def test_hours_without_a_shift_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one shift"):
        WorkingHours(ZoneInfo("UTC"), ())


# Clocks change between 00:15 and 04:45: shifts that begin or end then are in the tables above.
quarters = st.sampled_from([0, *range(300, DAY_MINUTES + 1, 15)])
shifts = st.builds(
    lambda weekday, ends: Shift(weekday, *sorted(ends)),
    st.integers(0, 6),
    st.sets(quarters, min_size=2, max_size=2),
)
zones = st.sampled_from(["Europe/Athens", "Europe/London", "America/St_Johns", "Pacific/Auckland", "Asia/Riyadh"])
working_hours = st.builds(
    lambda zone, some: WorkingHours(ZoneInfo(zone), tuple(some)), zones, st.lists(shifts, min_size=1, max_size=5)
)
moments = st.integers(0, 2 * 366 * 96).map(lambda count: datetime(2026, 1, 1, tzinfo=UTC) + count * QUARTER)
durations = st.integers(1, 80).map(lambda count: count * QUARTER)


def works_by_the_local_clock(hours: WorkingHours, moment: datetime) -> bool:
    local = moment.astimezone(hours.zone)
    minute = local.hour * 60 + local.minute
    return any(shift.weekday == local.weekday() and shift.start <= minute < shift.end for shift in hours.shifts)


@given(working_hours, moments, durations)
def test_working_time_is_what_a_count_by_the_local_clock_gives(
    hours: WorkingHours, start: datetime, duration: timedelta
) -> None:
    end, counted = start, timedelta()
    while counted < duration:
        counted += QUARTER if works_by_the_local_clock(hours, end) else timedelta()
        end += QUARTER
    assert working_time_after(start, duration, hours) == end


@given(working_hours, moments, durations, durations)
def test_working_time_adds_up(hours: WorkingHours, start: datetime, first: timedelta, second: timedelta) -> None:
    halfway = working_time_after(start, first, hours)
    assert working_time_after(halfway, second, hours) == working_time_after(start, first + second, hours)


@given(working_hours, moments)
def test_duty_is_other_after_it_changes_than_before(hours: WorkingHours, now: datetime) -> None:
    assert on_duty(hours, now) is works_by_the_local_clock(hours, now)
    if changes := duty_changes(hours, now):
        assert on_duty(hours, changes) is not on_duty(hours, now)
        assert on_duty(hours, changes - timedelta(minutes=1)) is on_duty(hours, now)


def test_an_office_in_oslo_and_one_in_athens_do_not_open_at_the_same_moment() -> None:
    eight_in_athens = at("2026-03-04 08:00")
    assert on_duty(ATHENS_OFFICE, eight_in_athens)
    assert not on_duty(OSLO_OFFICE, eight_in_athens)
    assert on_duty(OSLO_OFFICE, eight_in_athens + timedelta(hours=2))
