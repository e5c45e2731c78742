"""A connection to PostgreSQL that never waits: it records what several connections began and were answered."""

import os
import re
import select
import selectors
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import psycopg2
from psycopg2.extensions import POLL_OK, POLL_READ, POLL_WRITE
from sqlalchemy.exc import DBAPIError

from config.settings import Settings
from services.database.engine import connect_without_waiting, engine
from services.database.session import fresh_session, session_settings
from services.delivery.record import WAVE

_PARAMETER: Final = re.compile(r"(?<![:\w]):(\w+)")
_NAMES: Final = tuple(dict.fromkeys(_PARAMETER.findall(WAVE)))
_PREPARE: Final = "PREPARE wave AS " + _PARAMETER.sub(lambda name: f"${_NAMES.index(name[1]) + 1}", WAVE)
_EXECUTE: Final = f"EXECUTE wave ({', '.join(f'%({name})s' for name in _NAMES)})"
_CONNECT_SECONDS: Final = 5.0
_LONGEST_SECONDS: Final = 300.0
_EVENTS: Final = {POLL_READ: selectors.EVENT_READ, POLL_WRITE: selectors.EVENT_READ | selectors.EVENT_WRITE}


class WaveConnection:
    """One statement at a time: `start` it, `advance` whenever the socket is ready; what it wrote is committed then.

    Every method raises DBAPIError when the connection has ended: nobody knows then whether the wave was committed.
    """

    def __init__(self, settings: Settings) -> None:
        self.is_busy = False
        self._events = selectors.EVENT_READ
        self._opened = time.monotonic()
        self._engine = engine()
        with _translated():
            self._raw = connect_without_waiting()
            self._wait()
            self._cursor = self._raw.cursor()
            statements, values = fresh_session({**session_settings(settings), "plan_cache_mode": "force_generic_plan"})
            self._cursor.execute(f"{statements}; {_PREPARE}", values)
            self._wait()

    def close(self) -> None:
        self._raw.close()

    @property
    def is_good(self) -> bool:
        """Whether it can be used again: idle, not old, and the server has not said that it ends."""
        if self._raw.closed or self.is_busy or time.monotonic() - self._opened > _LONGEST_SECONDS:
            return False
        return self._engine is engine() and select.select([self._raw], [], [], 0)[0] == []

    def fileno(self) -> int:
        number: int = self._raw.fileno()
        return number

    @property
    def events(self) -> int:
        """What its socket is to be watched for."""
        return self._events if self.is_busy else selectors.EVENT_READ

    def start(self, parameters: Mapping[str, Any]) -> None:
        """Send a wave with the parameters of `wave_parameters`."""
        with _translated():
            self._cursor.execute(_EXECUTE, parameters)
            self.is_busy = True
            # Whether it is on its way or done already shows the first `advance`, which is called at once.
            self._events = selectors.EVENT_READ | selectors.EVENT_WRITE

    def advance(self) -> dict[str, str] | None:
        """What the wave wrote, by recipient; None while it is under way."""
        with _translated():
            state = self._raw.poll()
            if not self.is_busy or state != POLL_OK:
                self._events = _EVENTS.get(state, selectors.EVENT_READ)
                return None
            self.is_busy = False
            return dict(self._cursor.fetchall())

    def _wait(self) -> None:
        while (state := self._raw.poll()) != POLL_OK:
            reading, writing = ([self._raw], []) if state == POLL_READ else ([], [self._raw])
            if select.select(reading, writing, [], _CONNECT_SECONDS) == ([], [], []):
                raise psycopg2.OperationalError(f"PostgreSQL did not answer within {_CONNECT_SECONDS:.0f} s")


# By process: a forked child must not use its parent's.
_kept: dict[int, WaveConnection] = {}


@contextmanager
def wave_connection(settings: Settings) -> Iterator[WaveConnection]:
    """The process's connection, kept between runs: connecting and preparing take longer than a mail."""
    connection = _kept.pop(os.getpid(), None)
    if connection and not connection.is_good:
        connection.close()
        connection = None
    connection = connection or WaveConnection(settings)
    try:
        yield connection
    finally:
        if connection.is_good:
            _kept[os.getpid()] = connection
        else:
            connection.close()


@contextmanager
def _translated() -> Iterator[None]:
    """What psycopg2 raises as SQLAlchemy's error, without the rows that PostgreSQL may quote."""
    try:
        yield
    except psycopg2.Error as error:
        error.args = (error.diag.message_primary or str(error),)
        raise DBAPIError.instance("EXECUTE wave", None, error, psycopg2.Error, connection_invalidated=True) from error
