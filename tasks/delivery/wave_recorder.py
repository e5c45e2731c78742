"""Records what began and what was answered: in waves as long as their connection lasts, else each by itself."""

from collections.abc import Callable
from typing import Final

import structlog
from sqlalchemy.exc import DBAPIError

from services.delivery.wave_connection import WaveConnection
from services.transports.base import Channel
from tasks.delivery.record_result import concerns_account, is_plain, log_attempt
from tasks.delivery.run import Run
from tasks.delivery.sender import Attempt
from tasks.delivery.socket_watch import READ, SocketWatch
from tasks.delivery.waves import BodyBegin, WaveResult, Waves

logger = structlog.get_logger()

_LONGEST_WAIT_SECONDS: Final = 1.0


class WaveRecorder:
    """Only plain acceptances go with the waves; what means something for the account takes the careful way."""

    def __init__(
        self,
        run: Run,
        connection: WaveConnection,
        sockets: SocketWatch,
        when_written: Callable[[WaveResult], None],
        when_lost: Callable[[DBAPIError], None],
    ) -> None:
        """`when_lost`: the database went away; no body may begin any more, and what has none is to be broken off."""
        self._run = run
        self._connection = connection
        self._sockets = sockets
        self._when_written = when_written
        self._when_lost = when_lost
        self._waves = Waves(connection, run.lease_id, ask_for_safety=not run.urgent_only)
        self._has_database = True
        # An answer that could not be put on record.
        self.failure: DBAPIError | None = None
        self._sockets.watch(connection, READ, self._advance)

    @property
    def holds_nothing(self) -> bool:
        """Whether all that was given is on record."""
        return self._waves.holds_nothing

    @property
    def seconds_to_wait(self) -> float:
        """Until when nothing is to be done here."""
        return self._waves.seconds_to_wait() if self._has_database else _LONGEST_WAIT_SECONDS

    def add_begin(self, begin: BodyBegin) -> None:
        """Put on record that a body begins; `when_written` says when it may."""
        self._waves.add_begin(begin)

    def drop_begin(self, channel: Channel) -> None:
        """Its connection has ended before the commit."""
        self._waves.drop_begin(channel)

    def is_beginning(self, channel: Channel) -> bool:
        """Whether the commit under way holds the beginning of its body."""
        return self._waves.is_beginning(channel)

    def record(self, attempt: Attempt) -> bool:
        """Record a mail: a plain acceptance with the next wave, anything else now; whether it concerns the account.

        :raises DBAPIError: the database stayed away
        """
        if self._has_database and is_plain(attempt) and not self._run.suspects_account:
            self._waves.add_attempt(attempt)
            return False
        self._run.record(attempt)
        return concerns_account(attempt.results)

    def start(self, *, more_begins: bool) -> None:
        """Commit what has come, if it is time.

        :param more_begins: another connection will soon be ready to send a body, and one commit may hold both
        """
        if not self._has_database:
            return
        try:
            self._waves.start(more_begins=more_begins)
        except DBAPIError as error:
            self._lose(error)
        else:
            self._sockets.watch(self._connection, self._connection.events, self._advance)

    def _advance(self) -> None:
        try:
            result = self._waves.advance()
        except DBAPIError as error:
            self._lose(error)
            return
        self._sockets.watch(self._connection, self._connection.events, self._advance)
        if result:
            for attempt, states in result.recorded:
                self._run.tally.update(states)
                log_attempt(attempt, states)
            for begin in result.lost:
                logger.warning("lease_lost", **begin.held.mail.trace)
            self._when_written(result)

    def _lose(self, error: DBAPIError) -> None:
        """Nobody knows whether the wave was committed: no body begins for it, and each answer is recorded by itself."""
        self._sockets.forget(self._connection)
        self._has_database = False
        waves = self._waves.give_up()
        self._when_lost(error)
        for attempt in [attempt for wave in waves for attempt in wave.attempts]:
            try:
                self._run.record(attempt)
            except DBAPIError as still_away:
                self.failure = still_away
