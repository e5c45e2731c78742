"""What ships is right, and what is wrong is named with its line."""

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from config.contacts import ensure_real, load_contacts
from config.errors import ConfigurationError
from rules.reasons import PRIORITIES, Priority, Reason
from rules.routing import RoutedCase, recipients, recommend
from tests.config.changed_contacts import SHIPPED, Changed


@pytest.fixture
def changed(tmp_path: Path) -> Changed:
    return Changed(tmp_path / "contacts.toml")


def test_what_ships_has_the_contacts_that_abparts_knows() -> None:
    book = load_contacts(SHIPPED)
    assert {contact.key: contact.hours.describe() for contact in book.contacts} == {
        "support": "Mon–Fri 08:00–18:00 (Europe/Athens)",
        "electrical": "Mon–Fri 09:00–17:00 (Europe/Athens)",
        "hydraulic": "Mon–Fri 09:00–17:00 (Europe/Athens)",
        "emergency": "24/7",
    }
    assert [contact.key for contact in book.contacts if contact.emergency] == ["emergency"]


def test_what_ships_has_the_times_of_every_priority() -> None:
    ladder = load_contacts(SHIPPED).ladder
    assert {priority: (step.time, step.days, step.wall_clock) for priority, step in ladder.items()} == {
        "urgent": (timedelta(minutes=10), 0, True),
        "high": (timedelta(hours=1), 0, False),
        "medium": (timedelta(hours=4), 0, False),
        "low": (timedelta(), 1, False),
    }
    assert sorted(ladder) == sorted(PRIORITIES)


def test_a_file_that_still_says_rungs_is_read(changed: Changed) -> None:
    changed.everywhere("\nlevels = ", "\nrungs = ")
    assert [contact.key for contact in load_contacts(changed.path).ladder["high"].levels] == ["support", "emergency"]


def test_what_ships_sends_a_safety_concern_to_the_emergency_line_at_night() -> None:
    book = load_contacts(SHIPPED)
    night = datetime(2026, 3, 8, 2, tzinfo=UTC)
    case = RoutedCase((Reason.SAFETY_CONCERN,), Priority.URGENT, category="hydraulic", language="ar", region="OM")
    found = recommend(book, case, night)
    assert found.primary.key == "emergency"
    mailed = recipients(book, reasons=["safety_concern"], priority="urgent", region="OM", default=["team@oraseas.test"])
    assert mailed == ("team@oraseas.test", "emergency@example.com")


def test_the_worker_starts_with_examples_only_in_the_embedded_stack() -> None:
    book = load_contacts(SHIPPED)
    ensure_real(book, embedded=True)
    with pytest.raises(ConfigurationError, match=re.escape("support@example.com")) as raised:
        ensure_real(book, embedded=False)
    assert "set CONTACTS_FILE" in str(raised.value)


def test_the_worker_starts_when_everything_is_real_and_not_with_an_example_left(changed: Changed) -> None:
    changed.everywhere("@example.com", "@oraseas.com").everywhere("+44 20 7946 01", "+30 21 0123 45")
    ensure_real(load_contacts(changed.path), embedded=False)


def test_an_example_phone_that_is_left_stops_the_start(changed: Changed) -> None:
    changed.everywhere("@example.com", "@oraseas.com")
    book = load_contacts(changed.with_text("+44 20 7946 0100", "+30 21 0123 4500").path)
    with pytest.raises(ConfigurationError, match=re.escape("(+44 20 7946 0101, +44 20 7946 0102, +44 20 7946 0199)")):
        ensure_real(book, embedded=False)


def test_the_version_changes_with_the_content_and_not_with_a_comment(changed: Changed, tmp_path: Path) -> None:
    shipped = load_contacts(SHIPPED).version
    assert load_contacts(changed.with_text("# These are examples.", "# Ours.").path).version == shipped
    other = Changed(tmp_path / "other.toml").with_text("minutes = 10", "minutes = 11")
    assert load_contacts(other.path).version != shipped


def test_every_form_of_hours_is_read(changed: Changed) -> None:
    changed.with_text("Mon-Fri 08:00-18:00", "Mon,Wed–Fri 8:00-12:00, 13:00-17:00; Sat 22:00-06:00")
    support = load_contacts(changed.path).contacts[0]
    assert support.hours.describe() == (
        "Mon 08:00–12:00, 13:00–17:00; Wed–Fri 08:00–12:00, 13:00–17:00; Sat 22:00–06:00 (Europe/Athens)"
    )


def test_closed_days_are_kept(changed: Changed) -> None:
    changed.with_text('hours = "Mon-Fri 08:00-18:00"', 'hours = "Mon-Fri 08:00-18:00"\nclosed = [2026-12-25]')
    assert load_contacts(changed.path).contacts[0].hours.closed == frozenset({date(2026, 12, 25)})


def test_a_route_names_contacts_and_addresses(changed: Changed) -> None:
    changed.with_text('to = ["emergency"]', 'to = ["emergency", "Boss@Oraseas.COM"]\nreplace = true')
    book = load_contacts(changed.path)
    found = recipients(book, reasons=["safety_concern"], priority="urgent", region=None, default=["team@oraseas.test"])
    assert found == ("emergency@example.com", "Boss@oraseas.com")
