"""What several commands ask of a person, and what they refuse instead of taking it for nothing."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

import typer

Language = StrEnum("Language", ["en", "el", "ar", "es", "tr", "no"])
# Ten years: longer than anything is kept, and few enough for a date.
MOST_HOURS: Final = 87_600.0


def not_empty(parameter: typer.CallbackParam, value: str | None) -> str | None:
    """Refuse an empty word, such as a variable of a script that is not set: it would count as nothing, or as all.

    :raises typer.BadParameter: it is empty
    """
    if value is not None and not value.strip():
        raise typer.BadParameter(f"{value!r} is empty; it should be: {getattr(parameter, 'help', None)}")
    return value


def past(value: datetime | None) -> datetime | None:
    """The time as one of UTC.

    :raises typer.BadParameter: it is still to come
    """
    if value is None:
        return None
    moment, now = value.replace(tzinfo=UTC), datetime.now(UTC)
    if moment > now:
        raise typer.BadParameter(f"{moment:%Y-%m-%d %H:%M:%S} UTC is still to come: it is {now:%Y-%m-%d %H:%M:%S} UTC")
    return moment
