"""A day's mix: events, tickets and mails at once, at even rates that rise until mails come late."""

import time
from collections.abc import Mapping, Sequence

from sqlalchemy import text

from bench.mix import escalating, mixed
from bench.results import Section, percentile
from bench.sections.effort import Effort
from bench.sections.events import pending, read_by
from bench.sections.latency import ACCEPTED
from bench.sections.mails import UNSENT
from bench.sections.streams import used
from bench.stand import Round, Stand, wait

WORDS = {
    "events": "events a second",
    "tickets": "tickets a second",
    "mails": "mails a second",
    "worker": "worker's cores",
    "postgres": "PostgreSQL's",
    "redis": "Redis's",
}
RATES = (1_000, 2_000, 4_000, 6_000, 8_000, 10_000, 12_000, 14_000, 16_000)
SECONDS, LEAST_SECONDS = 12, 5
# One mail of a hundred may be accepted later. What grows by more than a tenth of what comes cannot be held for long.
LATEST_SECONDS, MOST_OVERRUN = 2.0, 0.1
# What falls into so long a time is published in one round trip.
TICK_SECONDS = 0.02
WARM = 10
TICKETS = "SELECT count(*) FROM public.support_tickets"
CLOCK = "SELECT clock_timestamp()"
DELAYS = text("""
    SELECT extract(epoch FROM r.accepted_at - m.published_at)
    FROM escalation.mails AS m JOIN escalation.mail_recipients AS r USING (mail_id)
    WHERE m.queued_at >= :began
""")


def run(stand: Stand, effort: Effort) -> Section:
    """Keys are what, and the rate; `held` is the highest rate of each round at which mails were in time."""
    section = Section(words=WORDS)
    for turn in effort.turns():
        held = 0
        with stand.round() as one:
            pids = started(stand, one)
            for rate in RATES:
                count = effort.count(rate * SECONDS, least=rate * LEAST_SECONDS)
                lines = mixed(count, seed=turn, name=f"day-{rate}")
                latest, overrun = measure(one, section, lines, rate, pids)
                effort.say(f"round {turn}: {rate:,} events a second: mails' p99 {latest:.2f} s, overrun {overrun:.0%}")
                if latest > LATEST_SECONDS or overrun > MOST_OVERRUN:
                    break
                held = rate
        section.add("held", held)
    return section


def started(stand: Stand, one: Round) -> dict[str, int]:
    """The ids of the processes whose work is counted: one worker for all queues, and the servers."""
    (worker,) = one.workers(1, "events,urgent,mail,sweeps", children=2)
    one.beat()
    one.publish(escalating(WARM, "warm"))
    wait(lambda: one.scalar(ACCEPTED) == WARM, "the first mails")
    return {"worker": worker.pid, "postgres": stand.postgres.pid, "redis": stand.valkey.pid}


def measure(
    one: Round, section: Section, lines: Sequence[str], rate: int, pids: Mapping[str, int]
) -> tuple[float, float]:
    """Publish at this rate and wait until all is done: the mails' p99 in seconds, and by what share it took longer."""
    events, tickets, began = read_by(one.redis) + len(lines), one.scalar(TICKETS), one.scalar(CLOCK)
    spent = {name: used([pid]) for name, pid in pids.items()}
    start = time.time()
    publish_evenly(one, lines, rate)
    wait(lambda: read_by(one.redis) >= events and pending(one.redis) == 0, "the last event")
    seconds = wait(lambda: one.scalar(UNSENT) == 0, "the last mail") - start
    for name, pid in pids.items():
        section.add(f"{name} {rate}", (used([pid]) - spent[name]) / seconds)
    with one.engine.connect() as connection:
        delays = [float(delay) for delay in connection.execute(DELAYS, {"began": began}).scalars()]
    section.times.setdefault(f"mail {rate}", []).extend(delays)
    section.add(f"events {rate}", len(lines) / seconds)
    section.add(f"tickets {rate}", (one.scalar(TICKETS) - tickets) / seconds)
    section.add(f"mails {rate}", len(delays) / seconds)
    return percentile(delays, 99), seconds * rate / len(lines) - 1


def publish_evenly(one: Round, lines: Sequence[str], rate: int) -> None:
    at_once = max(1, round(rate * TICK_SECONDS))
    began = time.time()
    for begin in range(0, len(lines), at_once):
        time.sleep(max(0.0, began + begin / rate - time.time()))
        one.publish(list(lines[begin : begin + at_once]))
