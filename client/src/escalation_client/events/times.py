"""Times as RFC 3339 writes them, always kept in UTC."""

import re
from datetime import UTC, datetime
from typing import Final

from escalation_client.events.errors import Unfit

# Section 5.6; its note allows a space instead of the T.
RFC_3339: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:(\d\d)(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)", re.ASCII)
EXPECTED: Final = "an RFC 3339 time with a zone, such as 2026-03-01T08:30:00Z"


def parse_time(text: str) -> datetime:
    """A time in UTC from RFC 3339; a leap second becomes the last microsecond before it."""
    match = RFC_3339.fullmatch(text)
    if match is None:
        raise Unfit(EXPECTED)
    leap = match[1] == "60"
    if leap:
        text = f"{text[:17]}59.999999{text[match.end(1) :].lstrip('.0123456789')}"
    try:
        moment = datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Unfit(EXPECTED) from None
    if leap and (moment.hour, moment.minute) != (23, 59):
        raise Unfit(EXPECTED + "; a leap second ends a day in UTC")
    return moment


def in_utc(moment: object) -> datetime:
    """An aware datetime in UTC."""
    if not isinstance(moment, datetime):
        raise Unfit("a datetime with a time zone")
    if moment.tzinfo is UTC:
        return moment
    if moment.utcoffset() is None:
        raise Unfit("a datetime with a time zone")
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise Unfit("a datetime that UTC can express") from None


def format_time(moment: datetime) -> str:
    """RFC 3339 of a time in UTC."""
    return moment.isoformat().replace("+00:00", "Z")
