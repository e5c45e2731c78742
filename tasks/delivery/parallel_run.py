"""A sender with several connections at once: one loop over their sockets and the database's.

A body begins only after the commit that holds its beginning and the same connection's previous answer.
"""

import sys
from collections.abc import Sequence
from typing import Final

from sqlalchemy.exc import DBAPIError

from config.settings import get_settings
from rules.delivery import ServerReply
from services.delivery.wave_connection import WaveConnection, wave_connection
from services.transports.base import Channel
from tasks.delivery.channel_pool import ChannelPool
from tasks.delivery.conversations import Conversations
from tasks.delivery.run import NOT_COMPOSED, Run
from tasks.delivery.socket_watch import SocketWatch
from tasks.delivery.stock import HeldMail
from tasks.delivery.supply import MailSupply
from tasks.delivery.wave_recorder import WaveRecorder
from tasks.delivery.waves import BodyBegin, WaveResult

_LONGEST_WAIT_SECONDS: Final = 1.0
# The threads that claim and log in need the interpreter for moments only, and often. Python would let each of them wait
# for 5 ms while mails are composed.
_SWITCH_SECONDS: Final = 0.0005


def send_in_parallel(run: Run, slot: int) -> None:
    """Send until nothing is due, the account wants a rest, or the time is up.

    :param slot: the one of the account's connections that the run's session has taken

    :raises DBAPIError: the database went away before bodies that were to begin, or an answer is not on record
    """
    sys.setswitchinterval(_SWITCH_SECONDS)
    with SocketWatch() as sockets, MailSupply(run, sockets.wake) as supply:
        claim = supply.start(beside=not run.sender.transport.is_open)
        if claim is None:
            return
        run.share(claim)
        # While the first mails are loaded. A login has to wait for them, of which one is to tell of its refusal.
        with (
            wave_connection(get_settings()) as connection,
            ChannelPool(run.sender.transport, run.session, slot, sockets.wake, run.record_failed_login) as pool,
        ):
            _ParallelRun(run, supply, pool, sockets, connection).go_on()


class _ParallelRun:
    """Brings the mails of a run from the stock to a connection, and what comes of them to the record."""

    def __init__(
        self, run: Run, supply: MailSupply, pool: ChannelPool, sockets: SocketWatch, connection: WaveConnection
    ) -> None:
        self._run = run
        self._supply = supply
        self._stock = supply.stock
        self._pool = pool
        self._sockets = sockets
        self._conversations = Conversations(pool, sockets, self._when_ready, self._when_finished)
        self._recorder = WaveRecorder(run, connection, sockets, self._when_written, self._when_database_lost)
        self._is_stopping = False
        self._has_offered = False
        self._failure: DBAPIError | None = None

    def go_on(self) -> None:
        """Until all that was begun is on record.

        :raises DBAPIError: the database went away before bodies that were to begin, or an answer is not on record
        """
        while self._begin_what_can():
            composes = self._may_compose
            self._sockets.wait(0.0 if composes else self._seconds_to_wait)
            self._conversations.expire_late()
            # What came in meanwhile may have ended the run and emptied the stock.
            if composes and self._stock.may_compose:
                self._stock.compose_next()
        if failure := self._failure or self._recorder.failure:
            raise failure

    @property
    def _may_compose(self) -> bool:
        if self._is_stopping or (self._pool.opens_first and self._stock.ready):
            # The login shares the interpreter with what is composed, and everything waits for the login.
            return False
        return self._stock.may_compose

    @property
    def _seconds_to_wait(self) -> float:
        due = min(self._conversations.seconds_left, self._recorder.seconds_to_wait, _LONGEST_WAIT_SECONDS)
        if self._stock.ready:
            # One more connection may be of use then.
            due = min(due, self._conversations.seconds_until_slow)
        return max(0.0, due)

    def _begin_what_can(self) -> bool:
        """Whether anything is left to wait for."""
        try:
            self._take_opened()
            self._take_from_supply()
        except DBAPIError as error:
            self._give_up(error)
        next_is_composed = self._pool.has_idle and self._stock.may_compose and not self._is_stopping
        self._recorder.start(more_begins=next_is_composed or self._conversations.expect_begins)
        more = not (self._is_stopping or self._supply.is_spent)
        waits = self._supply.is_claiming or len(self._stock) or len(self._conversations)
        return more or bool(waits) or not self._recorder.holds_nothing

    def _take_from_supply(self) -> None:
        if self._is_stopping:
            # What was being claimed when the run came to its end.
            late = [held.mail for held in self._supply.clear()]
            self._run.give_back(late, on_trial=self._supply.is_on_trial)
            return
        if self._run.is_over and (self._has_offered or not (len(self._stock) or self._supply.is_claiming)):
            self._run.tally["more"] = 1
            self._stop(on_trial=self._supply.is_on_trial)
            return
        settled = not len(self._conversations) and self._recorder.holds_nothing
        self._supply.refill(on_their_way=len(self._conversations), settled=settled)
        self._offer_ready()

    def _take_opened(self) -> None:
        """A connection is there, or the first one could not be had and the run ends."""
        opened = self._pool.opened()
        if opened is None or opened.channel or self._pool.channels:
            return
        if opened.answer is None:
            if opened.turn_missed:
                # Another sender takes long to log in: ask again later.
                self._run.tally["more"] = 1
            self._stop(on_trial=self._supply.is_on_trial)
            return
        # The mail for which it was opened may be done with: what is claimed later would wait for a connection in vain.
        if held := self._stock.take_any():
            self._record(held, dict.fromkeys(held.mail.addresses, opened.answer))
        self._stop()

    def _offer_ready(self) -> None:
        """Offer the mails that are ready on the connections that are idle; open one more when there is none."""
        assert self._supply.circuit is not None
        if not self._pool.channels and len(self._stock):
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
                # A fast server is kept busy by few: all of them would keep another sender out, whose core is free.
                if held.mail.urgent or not self._pool.has_its_share or self._conversations.server_is_slow:
                    self._pool.open_one(self._supply.circuit, urgent=held.mail.urgent)
                return
            held.counted = held.counted or self._run.sender.rates.take(held.mail.urgent, len(held.mail.recipients))
            if not held.counted:
                self._pool.give_back(idle)
                self._stop(on_trial=self._supply.is_on_trial)
                return
            self._stock.ready.popleft()
            self._has_offered = True
            self._conversations.offer(idle, held, self._run.sender.sender)

    def _when_ready(self, begin: BodyBegin) -> None:
        self._recorder.add_begin(begin)

    def _when_finished(self, channel: Channel, held: HeldMail) -> None:
        """The server has answered, or the connection has ended."""
        self._recorder.drop_begin(channel)
        assert channel.exchange is not None
        if channel.exchange.stale and not self._is_stopping:
            self._stock.put_back(held)
        elif channel.exchange.stale:
            self._run.give_back([held.mail])
        else:
            self._record(held, channel.exchange.answers)

    def _record(self, held: HeldMail, answers: dict[str, ServerReply]) -> None:
        self._supply.expect_more()
        try:
            concerns_account = self._recorder.record(self._run.judge(held.mail, answers, held.claim))
            if concerns_account and not self._is_stopping:
                self._stop()
        except DBAPIError as error:
            self._give_up(error)

    def _when_written(self, result: WaveResult) -> None:
        for begin in result.begun:
            self._conversations.begin_body(begin)
        for begin in filter(self._conversations.has, result.lost):
            self._break_off([begin.channel])
        if result.safety_waits:
            self._supply.expect_safety()
        if result.recorded or result.lost:
            self._supply.expect_more()

    def _when_database_lost(self, error: DBAPIError) -> None:
        self._run.tally["more"] = 1
        self._give_up(error if self._conversations.before_their_bodies() else None)

    def _give_up(self, error: DBAPIError | None) -> None:
        """Without the database nothing more is offered or begun; the sweep that looks for ended leases takes over."""
        self._failure = self._failure or error
        self._is_stopping = True
        self._supply.abandon()
        self._break_off(self._not_begun())

    def _stop(self, *, on_trial: bool = False) -> None:
        """Give back what no body has begun of; what is on its way with its body is waited for."""
        self._is_stopping = True
        held = [*self._break_off(self._not_begun()), *self._supply.clear()]
        self._run.give_back([each.mail for each in held], on_trial=on_trial)

    def _not_begun(self) -> list[Channel]:
        before = self._conversations.before_their_bodies()
        return [channel for channel in before if not self._recorder.is_beginning(channel)]

    def _break_off(self, channels: Sequence[Channel]) -> list[HeldMail]:
        for channel in channels:
            self._recorder.drop_begin(channel)
        return [self._conversations.break_off(channel) for channel in channels]
