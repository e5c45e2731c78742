"""The messages on their way, each on its connection: what a socket brings, and what follows from it."""

import time
from collections.abc import Callable
from typing import Final

from services.transports.base import Channel, Envelope, ExchangeState
from tasks.delivery.channel_pool import ChannelPool
from tasks.delivery.socket_watch import READ, READ_AND_WRITE, SocketWatch
from tasks.delivery.stock import HeldMail
from tasks.delivery.waves import BodyBegin

_FOREVER: Final = float("inf")
# A server that takes longer to answer is slow: more connections then send more, where else they only wait for us.
_SLOW_SECONDS: Final = 0.02


class Conversations:
    """A connection is in the pool while it is idle, and here while it has a message."""

    def __init__(
        self,
        pool: ChannelPool,
        sockets: SocketWatch,
        when_ready: Callable[[BodyBegin], None],
        when_finished: Callable[[Channel, HeldMail], None],
    ) -> None:
        """`when_ready`: a server waits for a body; `when_finished`: a message is done, or its connection has ended."""
        self._pool = pool
        self._sockets = sockets
        self._when_ready = when_ready
        self._when_finished = when_finished
        self._on_their_way: dict[Channel, HeldMail] = {}

    def __len__(self) -> int:
        return len(self._on_their_way)

    @property
    def seconds_left(self) -> float:
        """Until the first step is too late."""
        return min((channel.seconds_left for channel in self._on_their_way), default=_FOREVER)

    @property
    def expect_begins(self) -> bool:
        """Whether a body may be about to begin."""
        return any(not channel.is_waiting_for_commit for channel in self._on_their_way)

    @property
    def server_is_slow(self) -> bool:
        """Whether it takes its time to answer a message that is on its way."""
        return self._longest_since + _SLOW_SECONDS <= time.monotonic()

    @property
    def seconds_until_slow(self) -> float:
        """Until a server that does not answer meanwhile is slow; endless when it is already."""
        seconds = self._longest_since + _SLOW_SECONDS - time.monotonic()
        return seconds if seconds > 0 else _FOREVER

    @property
    def _longest_since(self) -> float:
        """When the server was asked for what it has owed an answer to for the longest time (monotonic)."""
        waiting = (
            held.asked_at
            for channel, held in self._on_their_way.items()
            if channel.exchange and channel.exchange.state is not ExchangeState.READY
        )
        return min(waiting, default=_FOREVER)

    def offer(self, channel: Channel, held: HeldMail, sender: str) -> None:
        """Offer a composed mail on a connection that the pool gave."""
        assert held.message is not None
        self._on_their_way[channel] = held
        held.asked_at = time.monotonic()
        channel.offer(Envelope(sender, held.mail.addresses, held.message.needs_smtputf8), held.message.message)
        self._follow(channel)

    def begin_body(self, begin: BodyBegin) -> None:
        """Send the body, now that its beginning is on record; unless its connection has ended meanwhile."""
        if self.has(begin):
            begin.held.asked_at = time.monotonic()
            begin.channel.begin_body()
            self._follow(begin.channel)

    def has(self, begin: BodyBegin) -> bool:
        """Whether the connection still has this mail."""
        return self._on_their_way.get(begin.channel) is begin.held

    def expire_late(self) -> None:
        """End the steps whose time is up."""
        for channel in [channel for channel in self._on_their_way if channel.seconds_left <= 0]:
            channel.expire()
            self._follow(channel)

    def before_their_bodies(self) -> list[Channel]:
        """The connections of whose messages no body has begun."""
        return [
            channel
            for channel in self._on_their_way
            if channel.exchange and channel.exchange.state is not ExchangeState.BODY
        ]

    def break_off(self, channel: Channel) -> HeldMail:
        """After DATA only a broken connection keeps the server from taking what came so far."""
        held = self._on_their_way.pop(channel)
        channel.drop()
        self._follow(channel)
        return held

    def _on_ready(self, channel: Channel) -> None:
        channel.on_ready()
        self._follow(channel)

    def _follow(self, channel: Channel) -> None:
        """Do what the state of the connection asks for."""
        exchange, held = channel.exchange, self._on_their_way.get(channel)
        if held and exchange and exchange.state is ExchangeState.FINISHED:
            self._finish(channel, held)
        elif held and exchange and exchange.state is ExchangeState.READY and not channel.is_waiting_for_commit:
            channel.is_waiting_for_commit = True
            taken = set(exchange.taken)
            ids = [recipient.recipient_id for recipient in held.mail.recipients if recipient.address in taken]
            self._when_ready(BodyBegin(channel, held, ids))
        if channel.is_connected:
            events = READ_AND_WRITE if channel.wants_to_write else READ
            self._sockets.watch(channel, events, lambda: self._on_ready(channel))
        elif channel in self._pool.channels:
            self._sockets.forget(channel)
            self._pool.forget(channel)

    def _finish(self, channel: Channel, held: HeldMail) -> None:
        del self._on_their_way[channel]
        if channel.is_connected:
            self._pool.give_back(channel)
        self._when_finished(channel, held)
