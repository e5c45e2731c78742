"""Sets right what ABParts stored in local time, by what its events say.

Its columns have no zone: they hold UTC, but local time where the database or a role has another TimeZone. The time of
an event has a zone, and is that of the commit; so the difference of the two, in quarters of an hour, is the zone's.
"""

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, TypeVar

from services.conversation.models import Message, Step

Row = TypeVar("Row", Message, Step)

_QUARTER: Final = timedelta(minutes=15)
# From the commit to the event, and what the clocks of two hosts may differ.
_MOST_BESIDE: Final = timedelta(minutes=1)
# Kiribati's and Baker Island's.
_EARLIEST, _LATEST = timedelta(hours=-12), timedelta(hours=14)


def correct_messages(stored: Sequence[Message], reported: Iterable[Message]) -> list[Message]:
    """The stored messages with their times in UTC, as far as events of the same messages tell the zone."""
    return _correct([(row.message_id, row) for row in stored], [(row.message_id, row) for row in reported])


def correct_steps(stored: Sequence[Step], reported: Iterable[Step]) -> list[Step]:
    """The same for steps, of which there is an event when they were made and one when they were answered."""
    return _correct([(row.number, row) for row in stored], [(row.number, row) for row in reported])


def _correct(stored: Sequence[tuple[Hashable, Row]], reported: Iterable[tuple[Hashable, Row]]) -> list[Row]:
    times: dict[Hashable, list[datetime]] = {}
    for key, row in reported:
        times.setdefault(key, []).append(row.at)
    offset = _usual_offset((row.at, times.get(key, ())) for key, row in stored)
    return [replace(row, at=row.at - offset) for _, row in stored]


def _usual_offset(pairs: Iterable[tuple[datetime, Sequence[datetime]]]) -> timedelta:
    """The offset of most rows: one code writes them all, and an event that was told again later is one of few."""
    found = Counter(_find_offset(stored, reported) for stored, reported in pairs if reported)
    return next((offset for offset, _ in found.most_common(1) if offset), timedelta())


def _find_offset(stored: datetime, reported: Sequence[datetime]) -> timedelta | None:
    """The smallest offset of a zone by which an event's time differs from the stored one; None when none does."""
    differences = [stored - at for at in reported]
    zones = [round(difference / _QUARTER) * _QUARTER for difference in differences]
    fitting = [
        zone
        for zone, difference in zip(zones, differences, strict=True)
        if abs(difference - zone) <= _MOST_BESIDE and _EARLIEST <= zone <= _LATEST
    ]
    return min(fitting, key=abs, default=None)
