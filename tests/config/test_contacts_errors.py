"""What is wrong in the contacts is named with its line, its place, its value, and what would be right."""

from pathlib import Path

import pytest

from config.contacts import load_contacts
from config.errors import ConfigurationError
from tests.config.changed_contacts import Changed


@pytest.fixture
def changed(tmp_path: Path) -> Changed:
    return Changed(tmp_path / "contacts.toml")


@pytest.mark.parametrize(
    ("old", "new", "line_with", "expected"),
    [
        (
            'key = "electrical"',
            'key = "support"',
            'key = "support"#2',
            "contacts[support].key = 'support': stands there",
        ),
        (
            'key = "support"',
            'key = "Support!"',
            'key = "Support!"',
            "contacts[Support!].key = 'Support!': should be a sh",
        ),
        (
            "hydraulic@example.com",
            "hydraulic",
            'email = "hydraulic"',
            "contacts[hydraulic].email = 'hydraulic': should be",
        ),
        (
            "+44 20 7946 0101",
            "020 7946",
            '"020 7946"',
            "contacts[electrical].phone = '020 7946': should be an internat",
        ),
        ("+44 20 7946 0101", "+44 20", '"+44 20"', "should be an international number such as"),
        (
            'fields = ["hydraulic"]',
            'fields = ["plumbing"]',
            "plumbing",
            "contacts[hydraulic].fields[1] = 'plumbing': shou",
        ),
        (
            'fields = ["hydraulic"]',
            "fields = []",
            "fields = []",
            "contacts[hydraulic].fields: should have at least one",
        ),
        (
            '["en", "no"]',
            '["en", "xx"]',
            '"xx"',
            "contacts[hydraulic].languages[2] = 'xx': should be one of en, el, ar",
        ),
        (
            "emergency = true",
            'emergency = true\nregions = ["DE"]',
            '"DE"',
            "regions[1] = 'DE': should be one of GR, UK, NO",
        ),
        (
            "Europe/Athens",
            "Europe/Atlantis",
            "Atlantis",
            "time_zone = 'Europe/Atlantis': should be a time zone such as",
        ),
        (
            "Europe/Athens",
            "Europe",
            '"Europe"',
            "time_zone = 'Europe': should be a time zone such as UTC or Europe/Ath",
        ),
        ('"Mon-Fri 08:00-18', '"Man-Fri 08:00-18', "Man-Fri", "'Man' should be one of Mon, Tue, Wed"),
        ("08:00-18:00", "8am-6pm", "8am", "hours = 'Mon-Fri 8am-6pm': 'Mon-Fri 8am-6pm' should be like"),
        ("08:00-18:00", "08:00-25:00", "25:00", "'25:00' should be a time of day, 00:00 to 24:00"),
        ("08:00-18:00", "08:00-12:00, 11:00-18:00", "11:00", "has hours that overlap"),
        (
            '"24/7"\nem',
            '"Mon-Fri 09:00-17:00"\nem',
            "09:00-17:00#3",
            "should be '24/7' with no closed days: it is an emerg",
        ),
        ("emergency = true", "emergency = true\nclosed = [2026-12-25]", '"24/7"#3', "'24/7' with no closed days"),
        ("emergency = true\n", "", "[[contacts]]", "contacts: should have an emergency line"),
        ('name = "Electrical specialist"\n', "", "[[contacts]]#2", "contacts[electrical].name: is missing"),
        ("Electrical specialist", "Eve\\nBcc: all", "Bcc", "should be one line without control characters"),
        (
            'specialization = "Cab',
            'specialisation = "Cab',
            "specialisation",
            "specialisation = 'Cabinets, cables, motors",
        ),
        (
            'to = ["emergency"]',
            'to = ["emergencies"]',
            "emergencies",
            "routes[1].to[1] = 'emergencies': should be the key",
        ),
        (
            '["safety_concern"]\nto',
            '["danger"]\nto',
            '"danger"',
            "routes[1].reasons[1] = 'danger': should be one of saf",
        ),
        (
            "[ladder.low]\ndays = 1",
            "[ladder.low]\ndays = 0",
            "[ladder.low]",
            "ladder.low: should give the levels some time",
        ),
        ("[ladder.high]\nhours = 1", "[ladder]\nhigh = 1\n[other]", "high = 1", "ladder.high = 1: should be a table"),
        ("hours = 4", "hours = -4", "hours = -4", "ladder.medium.hours = -4: should be greater than or equal to 0"),
        ("hours = 4", 'hours = "four"', '"four"', "ladder.medium.hours = 'four': should be a valid integer"),
        ("[ladder.low]", "[ladder.lowest]", "[ladder.urgent]", "ladder.low: is missing"),
        (
            'levels = ["support", "emergency"]',
            'levels = ["boss"]',
            "boss",
            "ladder.high.levels[1] = 'boss': should be the key",
        ),
        (
            'levels = ["support", "emergency"]',
            "levels = []",
            "levels = []",
            "ladder.high.levels: should have at least one",
        ),
    ],
)
def test_a_mistake_is_named_with_line_place_value_and_what_is_right(
    changed: Changed, old: str, new: str, line_with: str, expected: str
) -> None:
    error = changed.with_text(old, new).error()
    text, _, occurrence = line_with.partition("#")
    assert expected in error
    found = [line for line in error.splitlines() if expected in line]
    assert found[0].startswith(f"line {changed.line(text, int(occurrence or 1))}: ")


def test_all_mistakes_are_named_at_once(changed: Changed) -> None:
    error = changed.with_text('["en", "no"]', '["xx"]').with_text("minutes = 10", "minutes = 0.5").error()
    assert len(error.splitlines()) == 2


def test_a_syntax_error_is_named_with_its_line(changed: Changed) -> None:
    changed.with_text('key = "electrical"', "key = electrical")
    assert f"line {changed.line('key = electrical')}," in changed.error()


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"nowhere\.toml: No such file or directory \(CONTACTS_FILE"):
        load_contacts(tmp_path / "nowhere.toml")
