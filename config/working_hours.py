"""Reads working hours as people write them: `Mon-Fri 08:00-12:00, 13:00-17:00; Sat 09:00-12:00`, or `24/7`."""

import re
from collections.abc import Iterable
from zoneinfo import ZoneInfo

from rules.duty import DAY_MINUTES, DAY_NAMES, WEEK_MINUTES, Shift

_RIGHT = "should be like 'Mon-Fri 08:00-12:00, 13:00-17:00; Sat 09:00-12:00', or '24/7'"
_PART = re.compile(r"([A-Za-z][A-Za-z, -]*?)\s+(\d[\d:, -]*)")
_TIMES = re.compile(r"(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})")


def parse_hours(text: str) -> tuple[Shift, ...]:
    """The shifts of a week; one that ends before it begins goes on until the next day.

    :raises ValueError: says which part is wrong and what would be right
    """
    if text.strip() == "24/7":
        return tuple(Shift(weekday, 0, DAY_MINUTES) for weekday in range(7))
    plain = text.replace("–", "-")
    shifts = tuple(shift for part in plain.split(";") for shift in _parse_part(part.strip()))
    minutes = {minute % WEEK_MINUTES for shift in shifts for minute in _minutes_of(shift)}
    if len(minutes) < sum(shift.end - shift.start for shift in shifts):
        raise ValueError("has hours that overlap: each should be given once")
    return shifts


def _minutes_of(shift: Shift) -> Iterable[int]:
    return range(shift.weekday * DAY_MINUTES + shift.start, shift.weekday * DAY_MINUTES + shift.end)


def _parse_part(part: str) -> list[Shift]:
    found = _PART.fullmatch(part)
    if not found:
        raise ValueError(f"{part!r} {_RIGHT}")
    days, times = found.groups()
    spans = [_parse_times(span.strip()) for span in times.split(",")]
    return [
        Shift(weekday, *span) for days in days.split(",") for weekday in _parse_days(days.strip()) for span in spans
    ]


def _parse_days(days: str) -> list[int]:
    first, _, last = (name.strip().capitalize() for name in days.partition("-"))
    for name in (first, last or first):
        if name not in DAY_NAMES:
            raise ValueError(f"{name!r} should be one of {', '.join(DAY_NAMES)}")
    start, end = DAY_NAMES.index(first), DAY_NAMES.index(last or first)
    return [weekday % 7 for weekday in range(start, end + 1 if end >= start else end + 8)]


def _parse_times(span: str) -> tuple[int, int]:
    found = _TIMES.fullmatch(span)
    if not found:
        raise ValueError(f"{span!r} {_RIGHT}")
    start, end = _parse_clock(*found.group(1, 2)), _parse_clock(*found.group(3, 4))
    if start in (DAY_MINUTES, end):
        raise ValueError(f"{span!r} should last some time and begin before 24:00")
    return start, end if end > start else end + DAY_MINUTES


def _parse_clock(hours: str, minutes: str) -> int:
    clock = int(hours) * 60 + int(minutes)
    if int(minutes) > 59 or clock > DAY_MINUTES:
        raise ValueError(f"'{hours}:{minutes}' should be a time of day, 00:00 to 24:00")
    return clock


def parse_zone(name: object) -> ZoneInfo:
    """The time zone of a name.

    :raises ValueError: there is none
    """
    try:
        return ZoneInfo(str(name))
    except (KeyError, ValueError, OSError) as error:
        raise ValueError("should be a time zone such as UTC or Europe/Athens") from error
