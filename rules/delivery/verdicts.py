"""What an answer means: whose fault it is, whom it concerns, and how long to wait."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from rules.delivery.remedies import HINTS


class Kind(StrEnum):
    """The classes of answers."""

    ACCEPTED = "accepted"
    TRANSIENT = "transient"
    THROTTLED = "throttled"
    CONFIGURATION = "configuration"
    PERMANENT = "permanent"
    SPLIT = "split"
    UNKNOWN = "unknown"


class Scope(StrEnum):
    """Whom it concerns."""

    ACCOUNT = "account"
    RECIPIENT = "recipient"
    MESSAGE = "message"


class Pause(StrEnum):
    """How long to wait where the usual schedule is wrong."""

    RATE = "rate"
    CONNECTIONS = "connections"
    QUOTA = "quota"
    HOUR = "hour"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The class, its scope, a pause where there is one, and the operator's next step in words.

    Not `sure`: it may be this mail that is to blame; when the next one is refused too, it is the account.
    """

    kind: Kind
    scope: Scope
    pause: Pause | None = None
    hint: str | None = None
    sure: bool = True


def configuration(hint: str, *, sure: bool = True) -> Verdict:
    return Verdict(Kind.CONFIGURATION, Scope.ACCOUNT, hint=HINTS[hint], sure=sure)


def throttled(pause: Pause, hint: str) -> Verdict:
    return Verdict(Kind.THROTTLED, Scope.ACCOUNT, pause, HINTS[hint])


def permanent(scope: Scope, hint: str) -> Verdict:
    return Verdict(Kind.PERMANENT, scope, hint=HINTS[hint])


ACCEPTED: Final = Verdict(Kind.ACCEPTED, Scope.MESSAGE)
UNKNOWN: Final = Verdict(Kind.UNKNOWN, Scope.MESSAGE, hint=HINTS["unknown"])
SPLIT: Final = Verdict(Kind.SPLIT, Scope.RECIPIENT)
