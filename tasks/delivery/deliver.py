"""One run of a sender, with a connection of its own to the database for its lease and its place at the account."""

import time
from collections import Counter

from services.database.engine import standalone
from services.delivery.lease import sender_lease
from tasks.delivery.parallel_run import send_in_parallel
from tasks.delivery.run import Run
from tasks.delivery.sender import Sender
from tasks.delivery.slots import connections_at_once, senders_at_once


def deliver(sender: Sender, *, urgent_only: bool) -> "Counter[str]":
    """Send what is due, safety mail first; the number of recipients by the state that they reached."""
    tally: Counter[str] = Counter()
    account = sender.transport.account
    places, slots = senders_at_once(account.limits, urgent_only), connections_at_once(account.limits, urgent_only)
    with standalone() as session, sender_lease(session, account.key, places, slots) as held:
        if held is None or not sender.may_claim():
            return tally
        lease_id, slot = held
        run = Run(sender, urgent_only, session, lease_id, time.monotonic() + sender.run_seconds, tally)
        try:
            send_in_parallel(run, slot)
        finally:
            if account.limits.connections is not None:
                # The slots belong to this run, and so do the connections that they stand for.
                sender.transport.close()
    return tally
