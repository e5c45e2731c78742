"""Who is woken: by priority and by the hours of the contact's channels."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from rules.contacts import ContactBook
from rules.push import find_channels, list_channels, select_woken
from tests.rules.contact_book import ATHENS_OFFICE, BOOK, EMERGENCY, SUPPORT

WEDNESDAY_NOON, WEDNESDAY_NIGHT = datetime(2026, 3, 4, 10, tzinfo=UTC), datetime(2026, 3, 4, 23, tzinfo=UTC)
AWAKE = replace(SUPPORT, notify=("ntfys://ntfy.test/a", "ntfys://ntfy.test/b", "slack://t"), notify_from="high",
                notify_hours=ATHENS_OFFICE)  # fmt: skip
TEAM = ContactBook("1", (AWAKE, EMERGENCY), BOOK.ladder)


@pytest.mark.parametrize(
    ("place", "now", "woken"),
    [
        (0, WEDNESDAY_NOON, True),
        (1, WEDNESDAY_NOON, True),
        (2, WEDNESDAY_NOON, True),
        (3, WEDNESDAY_NOON, False),
        (0, WEDNESDAY_NIGHT, False),
    ],
)
def test_the_priority_and_the_hours_decide(place: int, now: datetime, woken: bool) -> None:
    assert select_woken(TEAM, [SUPPORT.email.upper(), EMERGENCY.email], place, now) == ([AWAKE] if woken else [])


def test_a_channel_has_a_name_that_holds_no_secret() -> None:
    assert [name for name, _ in list_channels(AWAKE)] == [
        "support via ntfys",
        "support via ntfys 2",
        "support via slack",
    ]
    assert find_channels(TEAM)["support via ntfys 2"] == "ntfys://ntfy.test/b"
    assert "ntfy.test" not in repr(AWAKE)
