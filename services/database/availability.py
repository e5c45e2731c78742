"""Whether PostgreSQL is there: now, or within so many seconds."""

from collections.abc import Callable
from typing import Any, Final

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError, OperationalError, TimeoutError
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_delay, wait_fixed

from services.database.engine import engine
from services.database.errors import described

# What PostgreSQL reports by itself with an answer when it changes (its manual, "Asynchronous Operations").
_ONLY_READS: Final = ("default_transaction_read_only", "in_hot_standby")


def available() -> bool:
    """Whether PostgreSQL answers at this moment, and takes writes as far as it has reported."""
    try:
        # The pool asks a connection that it kept whether it still answers.
        with engine().connect() as connection:
            driver: Any = connection.connection.driver_connection
            if any(driver.get_parameter_status(name) == "on" for name in _ONLY_READS):
                # It would stay so after the repair, where the setting is the database's.
                connection.invalidate()
                return False
    except (DBAPIError, TimeoutError):
        return False
    return True


_REPORT_EVERY = 10
# Errors of a server that will be there in a moment (errcodes 57P03, 57P01, 53300).
_STARTING = ("starting up", "shutting down", "not yet accepting", "in recovery", "too many clients")
# What waiting does not repair, besides what the server itself refuses.
_NEVER = ("certificate", "does not support SSL", "no password supplied")


def wait_for_database(engine: Engine, seconds: float, report: Callable[[str], None]) -> None:
    """Return once PostgreSQL takes a connection; report every ten seconds what is waited for.

    :raises sqlalchemy.exc.OperationalError: it did not within so many seconds, or it refuses
    """
    for attempt in Retrying(
        retry=retry_if_exception(_not_there_yet),
        wait=wait_fixed(1),
        stop=stop_after_delay(seconds),
        before_sleep=lambda state: _report_now_and_then(state, seconds, report),
        reraise=True,
    ):
        with attempt, engine.connect():
            return


def _not_there_yet(error: BaseException) -> bool:
    if not isinstance(error, OperationalError):
        return False
    words = str(error.orig)
    refused = "FATAL" in words and not any(phrase in words for phrase in _STARTING)
    return not refused and not any(phrase in words for phrase in _NEVER)


def _report_now_and_then(state: RetryCallState, seconds: float, report: Callable[[str], None]) -> None:
    error = state.outcome.exception() if state.outcome else None
    if (state.attempt_number - 1) % _REPORT_EVERY == 0 and isinstance(error, OperationalError):
        waited = state.seconds_since_start or 0
        report(f"Waiting for PostgreSQL, {waited:.0f} of {seconds:.0f} s: {described(error)}")
