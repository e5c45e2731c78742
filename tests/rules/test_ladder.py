"""When a ticket that nobody takes goes on, and to whom."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.contacts import Contact, LadderStep
from rules.ladder import LadderLevel, WaitingTicket, due_at, find_next_level
from rules.reasons import PRIORITIES
from tests.rules.contact_book import BOOK, ELECTRICAL, EMERGENCY, HYDRAULIC, LADDER, SUPPORT

A_YEAR = timedelta(days=366)


def athens(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Athens"))


def level_at(
    now: datetime, priority: str, waiting_since: datetime, last_level: int | None = None, sent: datetime | None = None
) -> LadderLevel | None:
    return find_next_level(BOOK, WaitingTicket(priority, waiting_since, last_level, sent), now)


@pytest.mark.parametrize(
    ("priority", "opened", "due", "contact"),
    [
        ("urgent", "2026-03-04 10:00", "2026-03-04 10:10", EMERGENCY),
        ("urgent", "2026-03-07 23:55", "2026-03-08 00:05", EMERGENCY),
        ("urgent", "2026-03-29 02:55", "2026-03-29 04:05", EMERGENCY),
        ("high", "2026-03-04 10:00", "2026-03-04 11:00", ELECTRICAL),
        ("high", "2026-03-04 17:30", "2026-03-05 08:30", ELECTRICAL),
        ("high", "2026-03-04 03:00", "2026-03-04 09:00", ELECTRICAL),
        ("medium", "2026-03-06 16:00", "2026-03-09 10:00", HYDRAULIC),
        ("medium", "2026-03-27 16:00", "2026-03-30 10:00", HYDRAULIC),
        ("low", "2026-03-04 10:00", "2026-03-05 10:00", HYDRAULIC),
        ("low", "2026-03-06 10:00", "2026-03-09 10:00", HYDRAULIC),
        ("low", "2026-10-23 10:00", "2026-10-26 10:00", HYDRAULIC),
        ("low", "2026-03-07 10:00", "2026-03-09 18:00", HYDRAULIC),
    ],
)
def test_the_next_level_is_due_when_the_time_of_the_priority_is_over(
    priority: str, opened: str, due: str, contact: Contact
) -> None:
    # The difference is taken in UTC: in one zone Python subtracts the readings of the clock.
    moment = athens(due).astimezone(UTC)
    assert level_at(moment - timedelta(seconds=1), priority, athens(opened)) is None
    level = level_at(moment, priority, athens(opened))
    assert level is not None
    assert (level.number, level.contact, level.previous, level.due_at) == (1, contact, SUPPORT, moment)


def test_a_level_has_its_own_hours_and_its_own_time_zone() -> None:
    friday = athens("2026-03-06 17:30")
    level = level_at(athens("2026-03-09 10:30"), "high", athens("2026-03-06 12:00"), 1, friday)
    assert level is not None
    assert (level.contact, level.previous, level.is_last) == (EMERGENCY, ELECTRICAL, True)
    # Oslo, an hour behind Athens, closes at 18:00 of Athens: half an hour on Friday, half an hour on Monday.
    assert level.due_at == athens("2026-03-09 10:30")


def test_a_contact_around_the_clock_has_a_day_of_24_hours() -> None:
    step = LadderStep((EMERGENCY, SUPPORT), days=1)
    saturday = athens("2026-03-07 10:00")
    assert due_at(step, 0, saturday) == saturday + timedelta(days=1)


@pytest.mark.parametrize("priority", PRIORITIES)
def test_the_ladder_ends(priority: str) -> None:
    opened = athens("2026-03-04 10:00")
    last = len(LADDER[priority].levels) - 1
    assert level_at(opened + A_YEAR, priority, opened, last, opened) is None
    assert level_at(opened + A_YEAR, priority, opened, last + 5, opened) is None


def test_the_times_are_those_of_the_book() -> None:
    slower = replace(BOOK, ladder={**LADDER, "urgent": replace(LADDER["urgent"], time=timedelta(minutes=25))})
    opened = athens("2026-03-04 10:00")
    due = due_at(slower.ladder["urgent"], 0, opened)
    assert due == opened + timedelta(minutes=25)


def test_a_moment_without_a_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="should have a time zone"):
        due_at(LADDER["urgent"], 0, datetime(2026, 3, 4, 10))


moments = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))


@given(st.sampled_from(PRIORITIES), moments)
def test_every_ticket_climbs_every_level_once_and_in_order(priority: str, opened: datetime) -> None:
    climbed: list[LadderLevel] = []
    asked: tuple[int | None, datetime | None] = (None, None)
    while level := level_at(opened + A_YEAR, priority, opened, *asked):
        climbed.append(level)
        asked = (level.number, level.due_at)
    assert [level.contact for level in climbed] == list(LADDER[priority].levels[1:])
    assert [level.is_last for level in climbed] == [False] * (len(climbed) - 1) + [True]
    assert sorted(level.due_at for level in climbed) == [level.due_at for level in climbed]
    assert climbed[0].due_at > opened


def test_whoever_had_a_mail_is_passed_over_and_the_words_know_when_nobody_is_left() -> None:
    opened = athens("2026-03-04 10:00")

    def next_after(*asked: Contact, level: int | None = None, last: Contact | None = None) -> LadderLevel:
        ticket = WaitingTicket(
            "urgent",
            opened,
            level,
            opened,
            frozenset(contact.email for contact in asked),
            last.key if last else None,
        )
        found = find_next_level(BOOK, ticket, opened + timedelta(minutes=10))
        assert found is not None
        return found

    assert next_after(SUPPORT).contact == EMERGENCY
    # Nobody of the ladder is left: somebody on duty, and the ladder still has its end.
    other = next_after(SUPPORT, EMERGENCY)
    assert (other.contact, other.number, other.asked_before) == (ELECTRICAL, 1, False)
    following = next_after(SUPPORT, EMERGENCY, ELECTRICAL, level=1, last=ELECTRICAL)
    assert (following.contact, following.previous, following.is_last) == (HYDRAULIC, ELECTRICAL, True)
    again = next_after(SUPPORT, EMERGENCY, HYDRAULIC, ELECTRICAL)
    assert (again.contact, again.asked_before) == (EMERGENCY, True)
