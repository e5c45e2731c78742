"""What an answer means: whose fault it is, whom it concerns, and how long to wait."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from rules.delivery.remedies import REMEDIES


class ReplyKind(StrEnum):
    """The classes of answers."""

    ACCEPTED = "accepted"
    TRANSIENT = "transient"
    THROTTLED = "throttled"
    CONFIGURATION = "configuration"
    PERMANENT = "permanent"
    SPLIT = "split"
    UNKNOWN = "unknown"


class ReplyScope(StrEnum):
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
class ReplyClass:
    """The class, its scope, a pause where there is one, and the operator's next step in words.

    Not `sure`: it may be this mail that is to blame; when the next one is refused too, it is the account.
    """

    kind: ReplyKind
    scope: ReplyScope
    pause: Pause | None = None
    remedy: str | None = None
    sure: bool = True


def configuration(remedy: str, *, sure: bool = True) -> ReplyClass:
    return ReplyClass(ReplyKind.CONFIGURATION, ReplyScope.ACCOUNT, remedy=REMEDIES[remedy], sure=sure)


def throttled(pause: Pause, remedy: str) -> ReplyClass:
    return ReplyClass(ReplyKind.THROTTLED, ReplyScope.ACCOUNT, pause, REMEDIES[remedy])


def permanent(scope: ReplyScope, remedy: str) -> ReplyClass:
    return ReplyClass(ReplyKind.PERMANENT, scope, remedy=REMEDIES[remedy])


def same_refusal() -> ReplyClass:
    """Two mails in a row were refused alike: never sure, so that each further mail is the next to try."""
    return configuration("same_refusal", sure=False)


ACCEPTED: Final = ReplyClass(ReplyKind.ACCEPTED, ReplyScope.MESSAGE)
UNKNOWN: Final = ReplyClass(ReplyKind.UNKNOWN, ReplyScope.MESSAGE, remedy=REMEDIES["unknown"])
SPLIT: Final = ReplyClass(ReplyKind.SPLIT, ReplyScope.RECIPIENT)
