"""A sender with several SMTP connections at once: one loop over their sockets and the database's.

A body begins only after the commit that holds its beginning and the same connection's previous answer.
"""

from typing import Final

import structlog
from sqlalchemy.exc import DBAPIError

from config.settings import get_settings
from rules.delivery import ServerReply
from services.delivery.circuit_breaker import TRIAL
from services.delivery.wave_connection import WaveConnection
from services.transports.base import Envelope
from services.transports.smtp import SmtpTransport
from services.transports.smtp_channel import SmtpChannel
from services.transports.smtp_exchange import ExchangeState
from tasks.delivery.channel_pool import ChannelPool
from tasks.delivery.record_result import concerns_account, is_plain, log_attempt
from tasks.delivery.send_loop import NOT_COMPOSED, Run
from tasks.delivery.socket_watch import READ, READ_AND_WRITE, SocketWatch
from tasks.delivery.stock import HeldMail
from tasks.delivery.supply import MailSupply
from tasks.delivery.waves import BodyBegin, WaveResult, Waves

logger = structlog.get_logger()

_LONGEST_WAIT_SECONDS: Final = 1.0


def send_in_parallel(run: Run, transport: SmtpTransport, slot: int) -> None:
    """Send until nothing is due, the account wants a rest, or the time is up.

    :param slot: the one of the account's connections that the run's session has taken

    :raises DBAPIError: the database went away before bodies that were to begin
    """
    supply = MailSupply(run)
    supply.refill(on_their_way=0, settled=True)
    if not len(supply.stock):
        return
    with (
        SocketWatch() as sockets,
        WaveConnection(get_settings()) as connection,
        ChannelPool(transport, run.session, slot, sockets.wake) as pool,
    ):
        _ParallelRun(run, supply, pool, sockets, connection).go_on()


class _ParallelRun:
    """The mails of a run on their way: in stock, on a connection, waiting for a commit."""

    def __init__(
        self, run: Run, supply: MailSupply, pool: ChannelPool, sockets: SocketWatch, connection: WaveConnection
    ) -> None:
        self._run = run
        self._supply = supply
        self._stock = supply.stock
        self._pool = pool
        self._sockets = sockets
        self._connection = connection
        self._waves = Waves(connection, run.lease_id, ask_for_safety=not run.urgent_only)
        self._on_their_way: dict[SmtpChannel, HeldMail] = {}
        self._is_stopping = False
        self._has_offered = False
        self._has_database = True
        self._failure: DBAPIError | None = None

    def go_on(self) -> None:
        """Until all that was begun is on record.

        :raises DBAPIError: the database went away before bodies that were to begin
        """
        self._sockets.watch(self._connection, READ, self._advance_wave)
        while self._begin_what_can():
            composes = self._stock.may_compose and not self._is_stopping
            self._sockets.wait(0.0 if composes else self._seconds_to_wait())
            for channel in [channel for channel in self._on_their_way if channel.seconds_left <= 0]:
                channel.expire()
                self._follow(channel)
            # What came in meanwhile may have ended the run and emptied the stock.
            if composes and self._stock.may_compose:
                self._stock.compose_next()
        if self._failure:
            raise self._failure

    def _begin_what_can(self) -> bool:
        """Whether anything is left to wait for."""
        try:
            self._take_opened()
            self._take_from_supply()
        except DBAPIError as error:
            self._give_up(error)
        self._start_wave()
        more = not (self._is_stopping or self._supply.is_spent)
        return more or bool(len(self._stock) or self._on_their_way) or not self._waves.holds_nothing

    def _take_from_supply(self) -> None:
        if self._is_stopping:
            return
        if self._run.is_over and (self._has_offered or not len(self._stock)):
            self._run.tally["more"] = 1
            self._stop(on_trial=self._is_on_trial)
            return
        settled = not self._on_their_way and self._waves.holds_nothing
        self._supply.refill(on_their_way=len(self._on_their_way), settled=settled)
        self._offer_ready()

    @property
    def _is_on_trial(self) -> bool:
        return self._supply.circuit is not None and self._supply.circuit.state == TRIAL

    def _seconds_to_wait(self) -> float:
        late = min((channel.seconds_left for channel in self._on_their_way), default=_LONGEST_WAIT_SECONDS)
        waves = self._waves.seconds_to_wait() if self._has_database else _LONGEST_WAIT_SECONDS
        return max(0.0, min(late, waves, _LONGEST_WAIT_SECONDS))

    def _offer_ready(self) -> None:
        """Offer the mails that are ready on the connections that are idle; open one more when there is none."""
        assert self._supply.circuit is not None
        if not self._pool.channels and len(self._stock):
            # It takes as long as the first mails are composed.
            self._pool.open_one(self._supply.circuit, urgent=self._run.urgent_only)
        for channel in self._pool.retire():
            self._sockets.forget(channel)
        while self._stock.ready and not self._is_stopping:
            held = self._stock.ready[0]
            if held.message is None:
                self._stock.ready.popleft()
                self._record(held, dict.fromkeys(held.mail.addresses, NOT_COMPOSED))
                continue
            idle = self._pool.take_idle(urgent=held.mail.urgent)
            if idle is None:
                self._pool.open_one(self._supply.circuit, urgent=held.mail.urgent)
                return
            held.counted = held.counted or self._run.sender.rates.take(held.mail.urgent, len(held.mail.recipients))
            if not held.counted:
                self._pool.give_back(idle)
                self._stop(on_trial=self._is_on_trial)
                return
            self._stock.ready.popleft()
            self._offer(idle, held)

    def _offer(self, channel: SmtpChannel, held: HeldMail) -> None:
        assert held.message is not None
        self._has_offered = True
        self._on_their_way[channel] = held
        envelope = Envelope(self._run.sender.sender, held.mail.addresses, held.message.needs_smtputf8)
        channel.offer(envelope, held.message.message)
        self._follow(channel)

    def _follow(self, channel: SmtpChannel) -> None:
        """Do what the connection's state asks for now."""
        exchange, held = channel.exchange, self._on_their_way.get(channel)
        if held and exchange and exchange.state is ExchangeState.FINISHED:
            self._finish(channel, held)
        elif held and exchange and exchange.state is ExchangeState.READY and not channel.is_waiting_for_commit:
            channel.is_waiting_for_commit = True
            taken = set(exchange.taken)
            ids = [recipient.recipient_id for recipient in held.mail.recipients if recipient.address in taken]
            self._waves.add_begin(BodyBegin(channel, held, ids))
        if channel.is_connected:
            events = READ_AND_WRITE if channel.wants_to_write else READ
            self._sockets.watch(channel, events, lambda: self._on_ready(channel))
        elif channel in self._pool.channels:
            self._sockets.forget(channel)
            self._pool.forget(channel)

    def _on_ready(self, channel: SmtpChannel) -> None:
        channel.on_ready()
        self._follow(channel)

    def _finish(self, channel: SmtpChannel, held: HeldMail) -> None:
        """The server has answered, or the connection has ended."""
        del self._on_their_way[channel]
        self._waves.drop_begin(channel)
        if channel.is_connected:
            self._pool.give_back(channel)
        assert channel.exchange is not None
        if channel.exchange.stale and not self._is_stopping:
            self._stock.put_back(held)
        elif channel.exchange.stale:
            self._run.give_back([held.mail])
        else:
            self._record(held, channel.exchange.answers)

    def _record(self, held: HeldMail, answers: dict[str, ServerReply]) -> None:
        """Record a mail: a plain acceptance with the next wave, anything else now, with its effect on the account."""
        self._supply.expect_more()
        attempt = self._run.judge(held.mail, answers, held.claim)
        if self._has_database and is_plain(attempt):
            self._waves.add_attempt(attempt)
            return
        try:
            self._run.record(attempt)
            if concerns_account(attempt.results) and not self._is_stopping:
                self._stop()
        except DBAPIError as error:
            self._give_up(error)

    def _start_wave(self) -> None:
        if not self._has_database:
            return
        more_begins = any(not channel.is_waiting_for_commit for channel in self._on_their_way)
        try:
            self._waves.start(more_begins=more_begins)
        except DBAPIError as error:
            self._lose_database(error)
        else:
            self._sockets.watch(self._connection, self._connection.events, self._advance_wave)

    def _advance_wave(self) -> None:
        try:
            result = self._waves.advance()
        except DBAPIError as error:
            self._lose_database(error)
            return
        self._sockets.watch(self._connection, self._connection.events, self._advance_wave)
        if result:
            self._take_wave(result)

    def _take_wave(self, result: WaveResult) -> None:
        for attempt, states in result.recorded:
            self._run.tally.update(states)
            log_attempt(attempt, states)
        for begin_of_body in result.begun:
            if self._on_their_way.get(begin_of_body.channel) is begin_of_body.held:
                begin_of_body.channel.begin_body()
                self._follow(begin_of_body.channel)
        for begin_of_body in result.lost:
            if self._on_their_way.get(begin_of_body.channel) is begin_of_body.held:
                logger.warning("lease_lost", **begin_of_body.held.mail.trace)
                self._break_off(begin_of_body.channel)
        if result.safety_waits:
            self._supply.expect_safety()
        self._supply.expect_more()

    def _break_off(self, channel: SmtpChannel) -> HeldMail:
        """After DATA only a broken connection keeps the server from taking what came so far."""
        held = self._on_their_way.pop(channel)
        self._waves.drop_begin(channel)
        channel.drop()
        self._follow(channel)
        return held

    def _lose_database(self, error: DBAPIError) -> None:
        """Nobody knows whether the wave was committed: no body begins for it, and each answer is recorded by itself."""
        self._sockets.forget(self._connection)
        self._has_database = False
        self._run.tally["more"] = 1
        waves = self._waves.give_up()
        self._give_up(error if any(wave.begins for wave in waves) else None)
        for attempt in [attempt for wave in waves for attempt in wave.attempts]:
            try:
                self._run.record(attempt)
            except DBAPIError as still_away:
                self._failure = still_away

    def _give_up(self, error: DBAPIError | None) -> None:
        """Without the database nothing more is offered or begun; the sweep that looks for ended leases takes over."""
        self._failure = self._failure or error
        self._is_stopping = True
        self._stock.clear()
        for channel in self._not_begun():
            self._break_off(channel)

    def _take_opened(self) -> None:
        """A connection is there, or the first one could not be had and the run ends."""
        opened = self._pool.opened()
        if opened is None or opened.channel or self._pool.channels or not len(self._stock):
            return
        if opened.answer is None:
            if opened.turn_missed:
                # Another sender takes long to log in: ask again later.
                self._run.tally["more"] = 1
            self._stop(on_trial=self._is_on_trial)
        elif held := self._stock.take_any():
            self._record(held, dict.fromkeys(held.mail.addresses, opened.answer))
            self._stop()

    def _not_begun(self) -> list[SmtpChannel]:
        return [
            channel
            for channel in self._on_their_way
            if channel.exchange
            and channel.exchange.state is not ExchangeState.BODY
            and not self._waves.is_beginning(channel)
        ]

    def _stop(self, *, on_trial: bool = False) -> None:
        """Give back what no body has begun of; what is on its way with its body is waited for."""
        self._is_stopping = True
        mails = [self._break_off(channel).mail for channel in self._not_begun()]
        self._run.give_back([*mails, *(held.mail for held in self._stock.clear())], on_trial=on_trial)
