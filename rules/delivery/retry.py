"""What happens next to a recipient's mail, and when."""

from dataclasses import dataclass
from typing import Final

from rules.delivery.replies import BEFORE_MAIL, Phase
from rules.delivery.reply_class import Pause, ReplyClass, ReplyKind, ReplyScope
from rules.delivery.states import RecipientState

_JITTER: Final = 0.2


@dataclass(frozen=True, slots=True)
class Times:
    """All durations, in seconds. `retries` are the waits after the 1st, 2nd… attempt; the last one is repeated."""

    retries: tuple[float, ...] = (30, 120, 300, 600, 1_200, 2_400, 3_600)
    give_up: float = 86_400
    rate_pause: float = 75
    connections_pause: float = 20
    quota_pause: float = 3_600
    recipient_hour: float = 3_600
    first_probe: float = 900
    next_probe: float = 3_600
    repeat_urgent: float = 60
    repeat: float = 900

    def pause(self, pause: Pause | None) -> float:
        """How long the account is to rest."""
        known = {
            Pause.CONNECTIONS: self.connections_pause,
            Pause.QUOTA: self.quota_pause,
            Pause.HOUR: self.recipient_hour,
        }
        return known.get(pause, self.rate_pause) if pause else self.rate_pause


@dataclass(frozen=True, slots=True)
class Case:
    """What is known of a recipient's mail: `attempts` with this one, `repeats` after a lost reply, if it is short.

    `alone`: no other recipient was offered in the same conversation.
    """

    attempts: int = 1
    repeats: int = 0
    short: bool = False
    urgent: bool = False
    alone: bool = True


@dataclass(frozen=True, slots=True)
class Transition:
    """The recipient's next state, the delay before the next attempt, and whether this one counts."""

    state: RecipientState
    delay: float = 0.0
    counts: bool = True
    short: bool = False
    repeats: int = 0


def next_transition(reply_class: ReplyClass, phase: Phase, case: Case, times: Times, jitter: float = 0.5) -> Transition:
    """The state of a recipient after an answer; `jitter` from 0 to 1 spreads the delay by ±20 %."""
    match reply_class.kind:
        case ReplyKind.ACCEPTED:
            return Transition(RecipientState.ACCEPTED, short=case.short, repeats=case.repeats)
        case ReplyKind.THROTTLED:
            return Transition(RecipientState.QUEUED, counts=False, short=case.short, repeats=case.repeats)
        case ReplyKind.CONFIGURATION if reply_class.sure:
            return _held_back(phase, case, times)
        case ReplyKind.CONFIGURATION:
            return _suspected(case, times)
        case ReplyKind.PERMANENT:
            return _refuse(reply_class, case)
        case ReplyKind.UNKNOWN:
            return _repeat(case, times)
        case ReplyKind.SPLIT if not case.alone:
            return Transition(RecipientState.QUEUED, counts=False, short=case.short, repeats=case.repeats)
    return _defer(reply_class, case, times, jitter)


def _held_back(phase: Phase, case: Case, times: Times) -> Transition:
    """The queue waits for the account. A mail that was refused after the login lets others be the next to try."""
    delay = 0.0 if phase in BEFORE_MAIL else times.first_probe + times.next_probe
    return Transition(RecipientState.QUEUED, delay, counts=False, short=case.short, repeats=case.repeats)


def _suspected(case: Case, times: Times) -> Transition:
    """Others go first and show whether the account works; then it goes short, and after that a person decides."""
    if case.short:
        return Transition(RecipientState.HELD, short=True, repeats=case.repeats)
    return Transition(RecipientState.QUEUED, times.retries[0], short=True, repeats=case.repeats)


def _refuse(reply_class: ReplyClass, case: Case) -> Transition:
    if reply_class.scope is ReplyScope.MESSAGE and not case.short:
        return Transition(RecipientState.QUEUED, short=True, repeats=case.repeats)
    return Transition(RecipientState.REFUSED, short=case.short, repeats=case.repeats)


def _repeat(case: Case, times: Times) -> Transition:
    """A message whose fate is unknown is sent once more, and after that a person decides."""
    if case.repeats:
        return Transition(RecipientState.HELD, short=case.short, repeats=case.repeats)
    return Transition(
        RecipientState.UNKNOWN, times.repeat_urgent if case.urgent else times.repeat, short=case.short, repeats=1
    )


def _defer(reply_class: ReplyClass, case: Case, times: Times, jitter: float) -> Transition:
    delay = retry_delay(case.attempts, times)
    if delay is None:
        return Transition(RecipientState.HELD, short=case.short, repeats=case.repeats)
    longest = max(delay, times.recipient_hour) if reply_class.pause is Pause.HOUR else delay
    return Transition(
        RecipientState.DEFERRED, longest * (1 + _JITTER * (2 * jitter - 1)), short=case.short, repeats=case.repeats
    )


def retry_delay(attempts: int, times: Times) -> float | None:
    """The wait after so many attempts; none when they have filled the time after which a person has to look."""
    waits = [times.retries[min(number, len(times.retries) - 1)] for number in range(attempts)]
    return waits[-1] if sum(waits) <= times.give_up else None
