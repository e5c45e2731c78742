"""How fast an account may send; a part is kept for safety mail."""

from dataclasses import dataclass, replace
from typing import Final

from rules.delivery.classify import provider_of

_RESERVED_CONNECTIONS: Final = 1
_RESERVED_PER_MINUTE: Final = 5


@dataclass(frozen=True, slots=True)
class AccountLimits:
    """Connections at once, messages a minute, recipients a day; none: no limit."""

    connections: int | None = None
    per_minute: int | None = None
    per_day: int | None = None

    def slots(self, urgent: bool) -> int | None:
        """How many connections a lane may use; one is left for safety mail when there are several."""
        if self.connections is None or urgent:
            return self.connections
        return max(1, self.connections - _RESERVED_CONNECTIONS)

    def minute_share(self, urgent: bool) -> int | None:
        """How many messages a minute a lane may send; five are left for safety mail, or a fifth of a small limit."""
        if self.per_minute is None or urgent:
            return self.per_minute
        return max(1, self.per_minute - min(_RESERVED_PER_MINUTE, -(-self.per_minute // 5)))


def limits_of(host: str, user: str | None) -> AccountLimits:
    """What the provider allows, with some room (Exchange Online limits; Gmail sending limits); none for others."""
    match provider_of(host):
        case "microsoft":
            return AccountLimits(connections=2, per_minute=25, per_day=10_000)
        case "google" if "relay" in host:
            return AccountLimits(per_day=10_000)
        case "google":
            return AccountLimits(per_day=500 if (user or "").lower().endswith("@gmail.com") else 2_000)
    return AccountLimits()


def limits_of_graph(host: str) -> AccountLimits:
    """As by SMTP, but for four requests at once for an application and a mailbox ("Outlook service limits")."""
    return replace(limits_of(host, None), connections=4)
