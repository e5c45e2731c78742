"""Escalations: tickets a second with everything that commits with them, beside how a request did it by itself."""

import time

from bench.mix import escalating
from bench.original import escalate, make_sessions
from bench.results import Section
from bench.sections.effort import Effort, in_turn
from bench.sections.events import BATCH, drained
from bench.stand import Stand

WORDS = {
    "batches": f"ours, in batches of {BATCH}, one worker",
    "single": "ours, one by one, one worker",
    "original": "the original's way: each statement a transaction, then the mail within the request",
}


def run(stand: Stand, effort: Effort) -> Section:
    measures = {
        "batches": lambda on: ours(on, effort.count(3_000), BATCH),
        "original": lambda on: original(on, effort.count(300)),
        "single": lambda on: ours(on, effort.count(300), 1),
    }
    return in_turn(stand, effort, measures, WORDS)


def ours(stand: Stand, count: int, batch: int) -> float:
    """Events that each open a ticket, in batches of this size."""
    with stand.round(BATCH_SIZE=str(batch)) as one:
        speed = drained(one, escalating(count, "ticket"))
        opened = one.scalar("SELECT count(*) FROM public.support_tickets")
    if opened != count:
        raise AssertionError(f"{count} events should have opened as many tickets, not {opened}")
    return speed


def original(stand: Stand, count: int) -> float:
    """One request after the other, over one connection to the database and a new one to the mail server for each."""
    with stand.round() as one, one.engine.connect() as connection:
        sessions = make_sessions(connection, count)
        began = time.time()
        for session in sessions:
            escalate(connection, session, stand.sink.port)
        return count / (time.time() - began)
