"""Waves: the bodies that begin and the answers that came, of all connections, in one commit after the other."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from services.delivery.record import BEGUN, SAFETY_WAITS, wave_parameters
from services.delivery.wave_connection import WaveConnection
from services.transports.base import Channel
from tasks.delivery.sender import Attempt
from tasks.delivery.stock import HeldMail

# What is to be recorded waits so long for another body that begins, so that one commit holds both.
_PATIENCE_SECONDS: Final = 0.02
# So often safety mail is looked for while servers take their time: it is known of before they reply.
_SAFETY_SECONDS: Final = 0.05
_LONGEST_WAIT_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class BodyBegin:
    """A connection whose server waits for the message, and who gets it."""

    channel: Channel
    held: HeldMail
    recipient_ids: Sequence[UUID]


@dataclass(slots=True)
class _Wave:
    """What one commit holds."""

    begins: list[BodyBegin] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)
    since: float = field(default_factory=time.monotonic)

    @property
    def is_empty(self) -> bool:
        return not (self.begins or self.attempts)

    @property
    def is_urgent(self) -> bool:
        """Safety mail waits for nothing."""
        return any(begin.held.mail.urgent for begin in self.begins)


@dataclass(frozen=True, slots=True)
class WaveResult:
    """A commit: whose bodies may begin, whose lease was lost, the states of each attempt, and if safety mail is due."""

    begun: Sequence[BodyBegin]
    lost: Sequence[BodyBegin]
    recorded: Sequence[tuple[Attempt, list[str]]]
    safety_waits: bool


class Waves:
    """One wave is under way at a time; what comes meanwhile is the next one."""

    def __init__(self, connection: WaveConnection, lease_id: UUID, *, ask_for_safety: bool) -> None:
        self._connection = connection
        self._lease_id = lease_id
        self._ask_for_safety = ask_for_safety
        self._last = time.monotonic()
        self.next = _Wave()
        self.under_way: _Wave | None = None

    @property
    def holds_nothing(self) -> bool:
        return self.next.is_empty and (self.under_way is None or self.under_way.is_empty)

    def is_beginning(self, channel: Channel) -> bool:
        """Whether the commit under way holds the beginning of its body."""
        return self.under_way is not None and any(begin.channel is channel for begin in self.under_way.begins)

    def add_begin(self, begin: BodyBegin) -> None:
        self._note_the_first()
        self.next.begins.append(begin)

    def add_attempt(self, attempt: Attempt) -> None:
        self._note_the_first()
        self.next.attempts.append(attempt)

    def _note_the_first(self) -> None:
        if self.next.is_empty:
            self.next.since = time.monotonic()

    def give_up(self) -> list[_Wave]:
        """The connection to the database has ended: all whose fate nobody knows, and what was to come next."""
        waves = [wave for wave in (self.under_way, self.next) if wave]
        self.under_way, self.next = None, _Wave()
        return waves

    def drop_begin(self, channel: Channel) -> None:
        """Its connection has ended before the commit."""
        self.next.begins = [begin for begin in self.next.begins if begin.channel is not channel]

    def seconds_to_wait(self) -> float:
        """Until when the loop may wait for sockets alone."""
        if self.under_way or (self.next.is_empty and not self._ask_for_safety):
            return _LONGEST_WAIT_SECONDS
        due = self._last + _SAFETY_SECONDS if self.next.is_empty else self.next.since + _PATIENCE_SECONDS
        return max(0.0, due - time.monotonic())

    def start(self, *, more_begins: bool) -> None:
        """Commit what has come, if it is time.

        :param more_begins: another connection will soon be ready to send a body, and one commit may hold both
        :raises DBAPIError: the connection has ended; `under_way` is what nobody knows the fate of
        """
        now = time.monotonic()
        if self.next.is_empty:
            due = self._ask_for_safety and now - self._last >= _SAFETY_SECONDS
        else:
            due = not more_begins or self.next.is_urgent or now - self.next.since >= _PATIENCE_SECONDS
        if self.under_way or not due:
            return
        self.under_way, self.next, self._last = self.next, _Wave(), now
        begins = [recipient_id for begin in self.under_way.begins for recipient_id in begin.recipient_ids]
        attempted = [attempt.attempted for attempt in self.under_way.attempts]
        parameters = wave_parameters(self._lease_id, begins, attempted, ask_for_safety=self._ask_for_safety)
        self._connection.start(parameters)

    def advance(self) -> WaveResult | None:
        """What the wave under way has written, when it has.

        :raises DBAPIError: the connection has ended; `under_way` is what nobody knows the fate of
        """
        states = self._connection.advance()
        if states is None or self.under_way is None:
            return None
        wave, self.under_way = self.under_way, None
        begun = [begin for begin in wave.begins if _all_begun(begin, states)]
        return WaveResult(
            begun=begun,
            lost=[begin for begin in wave.begins if begin not in begun],
            recorded=[(attempt, _states_of(attempt, states)) for attempt in wave.attempts],
            safety_waits=SAFETY_WAITS in states,
        )


def _all_begun(begin: BodyBegin, states: dict[str, str]) -> bool:
    return all(states.get(str(recipient_id)) == BEGUN for recipient_id in begin.recipient_ids)


def _states_of(attempt: Attempt, states: dict[str, str]) -> list[str]:
    ids = (str(result.recipient_id) for result in attempt.results)
    return [states[recipient_id] for recipient_id in ids if recipient_id in states]
