"""The connections of a run: opened one after the other, when they are needed, by a thread, since that waits."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Self

from sqlalchemy import Connection

from rules.delivery import ReplyKind, ServerReply, classify
from services.delivery.circuit_breaker import CLOSED, CircuitState, account_works
from services.delivery.further_connections import may_have_more_connections, refuse_more_connections
from services.delivery.lease import login_turn, take_slot
from services.transports.base import Channel, Transport
from tasks.delivery.slots import connections_at_once, share_of_connections


@dataclass(frozen=True, slots=True)
class _Opened:
    """What came of opening a connection: a channel, or the server's answer, or neither when none may be opened now.

    `turn_missed`: another sender takes long to log in; `slot`: the account's connection that the channel is.
    """

    channel: Channel | None = None
    answer: ServerReply | None = None
    turn_missed: bool = False
    slot: int = 0


class ChannelPool:
    """Only the thread that opens a connection uses the session while it does."""

    def __init__(
        self,
        transport: Transport,
        session: Connection,
        slot: int,
        wake: Callable[[], None],
        when_failed: Callable[[ServerReply], None],
    ) -> None:
        """`session` holds this slot of the account already; `wake` is called when a connection was opened or not.

        :param when_failed: puts on record that no connection can be had, before another sender may try it
        """
        self._transport = transport
        self._session = session
        self._when_failed = when_failed
        self._wake = wake
        self._slots = {slot}
        self._slot_of: dict[Channel, int] = {}
        # How many connections there may be, by whether the next one is for safety mail, where that was found out.
        self._most: dict[bool, int] = {}
        self._reserved: set[Channel] = set()
        self._opening: Future[_Opened] | None = None
        self._urgent = False
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="mail-login")
        self.channels: list[Channel] = []
        self._idle: list[Channel] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.shutdown()
        if self._opening and not self._opening.exception() and (opened := self._opening.result()).channel:
            self.channels.append(opened.channel)
        for channel in self.channels:
            channel.release()

    @property
    def has_its_share(self) -> bool:
        """Whether one more connection would be taken from the other senders."""
        return len(self.channels) >= share_of_connections(self._transport.account.limits)

    @property
    def opens_first(self) -> bool:
        """Whether nothing can be sent before the connection is there that is being opened."""
        return self._opening is not None and not self.channels

    def open_one(self, circuit: CircuitState, *, urgent: bool) -> None:
        """Begin to open one more, unless one is being opened or the account has no room for it."""
        if self._opening is None and len(self.channels) < self._most.get(urgent, len(self.channels) + 1):
            self._urgent = urgent
            if not self.channels and self._transport.is_open:
                # Kept since the last run, with the slot that this run has already: a thread would take longer.
                opening: Future[_Opened] = Future()
                opening.set_result(self._open(circuit, urgent))
                self._opening = opening
                self._wake()
                return
            self._opening = self._thread.submit(self._open, circuit, urgent)
            self._opening.add_done_callback(lambda _: self._wake())

    def opened(self) -> _Opened | None:
        """What came of the connection that was being opened, once; its channel is idle."""
        if self._opening is None or not self._opening.done():
            return None
        opening, self._opening = self._opening, None
        opened = opening.result()
        if opened.channel is None:
            # What is open may go on; whether more can be had is for the next run to find out.
            self._most |= dict.fromkeys({False, self._urgent}, len(self.channels))
        else:
            if opened.slot > connections_at_once(self._transport.account.limits, urgent_only=False):
                self._reserved.add(opened.channel)
            self._slot_of[opened.channel] = opened.slot
            self.channels.append(opened.channel)
            self._idle.append(opened.channel)
        return opened

    def retire(self) -> list[Channel]:
        """Idle connections that have served long enough; they are of no use any more."""
        retired = [channel for channel in self._idle if not channel.is_open]
        for channel in retired:
            channel.release()
            self.forget(channel)
        return retired

    @property
    def has_idle(self) -> bool:
        """Whether a connection waits for an ordinary message."""
        return any(channel not in self._reserved for channel in self._idle)

    def take_idle(self, *, urgent: bool) -> Channel | None:
        """A connection for the next message. One that only safety mail may have gets nothing else."""
        usable = [channel for channel in self._idle if urgent or channel not in self._reserved]
        if not usable:
            return None
        channel = max(usable, key=lambda channel: channel in self._reserved)
        self._idle.remove(channel)
        return channel

    def give_back(self, channel: Channel) -> None:
        """It has no message any more."""
        self._idle.append(channel)

    def forget(self, channel: Channel) -> None:
        """Its connection has ended."""
        self.channels.remove(channel)
        del self._slot_of[channel]
        self._reserved.discard(channel)
        if channel in self._idle:
            self._idle.remove(channel)

    def _open(self, circuit: CircuitState, urgent: bool) -> _Opened:
        account = self._transport.account
        slot = self._take_slot(connections_at_once(account.limits, urgent))
        if slot is None:
            return _Opened()
        transport = self._transport.another([channel.transport for channel in self.channels])
        if transport.is_open:
            return _Opened(transport.channel(), slot=slot)
        with login_turn(self._session, account.key) as my_turn:
            if not my_turn:
                return _Opened(turn_missed=True)
            if circuit.state == CLOSED and not self._may_log_in():
                return _Opened()
            answer = transport.prepare()
            if answer and not self.channels:
                self._when_failed(answer)
            elif answer and classify(answer, account.provider).kind is ReplyKind.CONFIGURATION:
                self._refuse_more()
        return _Opened(answer=answer) if answer else _Opened(transport.channel(), slot=slot)

    def _take_slot(self, slots: int) -> int | None:
        """One that this run holds and no connection uses, else one more."""
        if unused := [slot for slot in self._slots.difference(self._slot_of.values()) if slot <= slots]:
            return unused[0]
        slot = take_slot(self._session, self._transport.account.key, slots, self._slots)
        if slot is not None:
            self._slots.add(slot)
        return slot

    def _may_log_in(self) -> bool:
        may = may_have_more_connections if self.channels else account_works
        with self._session.begin():
            return may(self._session, self._transport.account.key)

    def _refuse_more(self) -> None:
        with self._session.begin():
            refuse_more_connections(self._session, self._transport.account.key)
