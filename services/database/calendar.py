"""Times that PostgreSQL can hold and Python cannot: its calendar goes on beyond the year 9999 and BC, to infinity."""

from datetime import UTC, datetime
from typing import Final

# Some days are left: for the zone of whoever reads a time, and for that in which it was written.
EARLIEST: Final = datetime(1, 1, 3, tzinfo=UTC)
LATEST: Final = datetime(9999, 12, 29, tzinfo=UTC)


def in_calendar(time: str) -> str:
    """SQL of a timestamptz that Python can read and show in any zone: the nearest such; NULL stays.

    For times that another program wrote; one that nobody can mean still says what came before and after what.
    """
    return f"""CASE WHEN {time} IS NOT NULL
        THEN least(greatest({time}, timestamptz '{EARLIEST:%Y-%m-%d} UTC'), timestamptz '{LATEST:%Y-%m-%d} UTC') END"""
