"""Events that were set aside: nothing waits for them, and a user may."""

from collections.abc import Iterator

from sqlalchemy.exc import DBAPIError

from config.settings import Settings
from services.database.engine import engine
from services.events.rejected import count_waiting
from worker.doctor.finding import CheckedPart, CheckResult
from worker.doctor.postgres import not_read

PART = CheckedPart("events")
_HOURS = 24


def check(_: Settings) -> Iterator[CheckResult]:
    tried = f"look for events that were set aside in the last {_HOURS} hours"
    try:
        with engine().connect() as connection:
            count = count_waiting(connection, _HOURS)
    except DBAPIError as error:
        yield not_read(PART, tried, error)
        return
    if count:
        remedy = "See why, and tell the assistant's developers: python -m worker rejected list"
        yield PART.warning(tried, f"{count}, and nobody has replayed or dismissed them", remedy)
    else:
        yield PART.ok(tried, "none waits to be replayed or dismissed")
