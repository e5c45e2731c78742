"""Working hours as people write them."""

import pytest

from config.working_hours import parse_hours


def spans(text: str) -> dict[int, list[tuple[float, float]]]:
    """Hours from midnight by weekday."""
    found: dict[int, list[tuple[float, float]]] = {}
    for shift in parse_hours(text):
        found.setdefault(shift.weekday, []).append((shift.start / 60, shift.end / 60))
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Mon 09:00-17:00", {0: [(9, 17)]}),
        ("mon–wed 9:30–17:00", {day: [(9.5, 17)] for day in (0, 1, 2)}),
        ("Sat-Mon 09:00-17:00", {day: [(9, 17)] for day in (5, 6, 0)}),
        ("Sun-Sat 09:00-17:00", {day: [(9, 17)] for day in range(7)}),
        ("Mon, Wed 08:00-12:00, 13:00-17:00", {0: [(8, 12), (13, 17)], 2: [(8, 12), (13, 17)]}),
        ("Mon 08:00-12:00; Mon 13:00-17:00", {0: [(8, 12), (13, 17)]}),
        ("Sun 22:00-06:00; Mon 06:00-24:00", {6: [(22, 30)], 0: [(6, 24)]}),
        ("24/7", {day: [(0, 24)] for day in range(7)}),
    ],
)
def test_hours_are_read(text: str, expected: dict[int, list[tuple[float, float]]]) -> None:
    assert spans(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "should be like"),
        ("Mon", "'Mon' should be like"),
        ("09:00-17:00", "should be like"),
        ("Mon 09:00-17:00;", "'' should be like"),
        ("Mon 9-17", "'9-17' should be like"),
        ("Mon 09:00-17:60", "'17:60' should be a time of day"),
        ("Mon 09:00-24:01", "'24:01' should be a time of day"),
        ("Mon 09:00-09:00", "'09:00-09:00' should last some time"),
        ("Mon 24:00-06:00", "'24:00-06:00' should last some time and begin before 24:00"),
        ("Lun-Ven 09:00-17:00", "'Lun' should be one of Mon"),
        ("Sun 22:00-06:00; Mon 05:00-17:00", "overlap"),
        ("Mon 09:00-17:00; Mon-Fri 09:00-17:00", "overlap"),
    ],
)
def test_what_is_wrong_with_hours_is_said(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_hours(text)
