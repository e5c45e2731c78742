"""One run of a sender, with a connection of its own to the database for its lease and its place at the account."""

import time
from collections import Counter

from rules.delivery import AccountLimits
from services.database.engine import standalone
from services.delivery.lease import lease, take_slot
from tasks.delivery.send_loop import Run
from tasks.delivery.sender import Sender

# For a server that we know nothing of; safety mail has one more. MAIL_CONNECTIONS says otherwise.
SENDERS = 2


def senders_at_once(limits: AccountLimits, urgent_only: bool) -> int:
    """How many may send at once; where the provider sets no limit, a silent server must not take every child."""
    slots = limits.slots(urgent_only)
    return slots if slots is not None else SENDERS + int(urgent_only)


def deliver(sender: Sender, *, urgent_only: bool) -> "Counter[str]":
    """Send what is due, safety mail first; the number of recipients by the state that they reached."""
    tally: Counter[str] = Counter()
    account = sender.transport.account
    with standalone() as session, lease(session) as lease_id:
        if not take_slot(session, account.key, senders_at_once(account.limits, urgent_only)):
            return tally
        try:
            deadline = time.monotonic() + sender.run_seconds
            Run(sender, urgent_only, session, lease_id, deadline, tally).go_on()
        finally:
            if account.limits.connections is not None:
                # The slot belongs to this run, and so does the connection that it stands for.
                sender.transport.close()
    return tally
