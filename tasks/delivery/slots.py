"""How many processes, and how many connections of all of them, may send for an account at once."""

from typing import Final

from rules.delivery import AccountLimits

# A server that says nothing must not take every child of a worker; safety mail has one more.
SENDERS: Final = 2
# To a server that we know nothing of, of all processes together; safety mail has one more. MAIL_CONNECTIONS says
# otherwise.
CONNECTIONS: Final = 10


def senders_at_once(limits: AccountLimits, urgent_only: bool) -> int:
    """The most processes that send."""
    slots = limits.slots(urgent_only)
    most = SENDERS + int(urgent_only)
    return most if slots is None else min(most, slots)


def share_of_connections(limits: AccountLimits) -> int:
    """The connections of a process that leaves the others theirs."""
    return -(-connections_at_once(limits, urgent_only=False) // senders_at_once(limits, urgent_only=False))


def connections_at_once(limits: AccountLimits, urgent_only: bool) -> int:
    """The most connections."""
    slots = limits.slots(urgent_only)
    return CONNECTIONS + int(urgent_only) if slots is None else slots
