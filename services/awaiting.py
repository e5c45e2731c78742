"""Waiting for a PostgreSQL that is on its way up, as at the start of a whole stack."""

from collections.abc import Callable

from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_delay, wait_fixed

from services.errors import described

TELL_EVERY = 10
# What a server says that will be there in a moment (errcodes 57P03, 57P01, 53300).
ON_ITS_WAY = ("starting up", "shutting down", "not yet accepting", "in recovery", "too many clients")
# What waiting does not mend, besides what the server itself refuses.
NEVER = ("certificate", "does not support SSL", "no password supplied")


def wait_for_database(engine: Engine, seconds: float, tell: Callable[[str], None]) -> None:
    """Return once PostgreSQL takes a connection; say every ten seconds what is waited for.

    :raises sqlalchemy.exc.OperationalError: it did not within so many seconds, or it refuses
    """
    for attempt in Retrying(
        retry=retry_if_exception(not_there_yet),
        wait=wait_fixed(1),
        stop=stop_after_delay(seconds),
        before_sleep=lambda state: tell_now_and_then(state, seconds, tell),
        reraise=True,
    ):
        with attempt, engine.connect():
            return


def not_there_yet(error: BaseException) -> bool:
    if not isinstance(error, OperationalError):
        return False
    words = str(error.orig)
    refused = "FATAL" in words and not any(sign in words for sign in ON_ITS_WAY)
    return not refused and not any(sign in words for sign in NEVER)


def tell_now_and_then(state: RetryCallState, seconds: float, tell: Callable[[str], None]) -> None:
    error = state.outcome.exception() if state.outcome else None
    if (state.attempt_number - 1) % TELL_EVERY == 0 and isinstance(error, OperationalError):
        waited = state.seconds_since_start or 0
        tell(f"Waiting for PostgreSQL, {waited:.0f} of {seconds:.0f} s: {described(error)}")
