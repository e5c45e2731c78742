"""Latency at an even rate: publish to ticket and to accepted mail; beside it bare Celery's publish to start."""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial

from sqlalchemy import text

from bench import noop
from bench.mix import escalating
from bench.results import Section
from bench.sections.bare_steps import bare_steps
from bench.sections.effort import Effort
from bench.stand import Stand, wait, worker

WORDS = {
    "ticket": "event published to ticket",
    "mail": "event published to mail accepted",
    "bare": "limit: XADD, one transaction with the same rows, one SMTP conversation",
    "start": "bare Celery: task published to its start",
}
# Of the way to the accepted mail, one after the other.
STEPS = {
    "ticket": "published to ticket",
    "claim": "ticket to the mail's claim by a sender",
    "body": "claim to the begin of its body: composing, connecting, offering",
    "answer": "begin of its body to the record of the answer",
}
# So many a second, for so many seconds in all rounds together.
RATES = ((1, 45), (10, 30), (100, 15))
WARM = 10


def run(stand: Stand, effort: Effort) -> Section:
    section = Section(words=WORDS)
    for turn in effort.turns():
        for rate, seconds in RATES:
            count = effort.count(rate * seconds // effort.rounds, least=5)
            times = {
                **ours(stand, rate, count),
                "bare": bare_steps(stand, count, partial(paced, rate)),
                "start": bare_celery(stand, rate, count),
            }
            for name, measured in times.items():
                section.times.setdefault(f"{name} {rate}", []).extend(measured)
            effort.say(f"round {turn}: latency at {rate} a second")
    return section


def ours(stand: Stand, rate: int, count: int) -> dict[str, list[float]]:
    """Seconds from publishing, by Redis's clock, to the ticket and to the acceptance's record, by PostgreSQL's."""
    with stand.round() as one:
        one.workers(1, "events")
        one.workers(1, "urgent,mail,sweeps")
        one.beat()
        # One after the other, so that both ways are warm: the senders', and that of the drain itself.
        for number, line in enumerate(escalating(WARM, "warm"), 1):
            one.publish([line])
            wait(lambda number=number: one.scalar(ACCEPTED) == number, "the first mails")  # type: ignore[misc]
        began = datetime.now(UTC)
        # As exact as the ids of the stream, or the first event might seem to be older.
        began = began.replace(microsecond=began.microsecond // 1000 * 1000)
        paced(rate, escalating(count, "latency"), lambda line: one.publish([line]))
        wait(lambda: one.scalar(ACCEPTED) == count + WARM, "all mails", pause=0.2)
        with one.engine.connect() as connection:
            rows = connection.execute(DELAYS, {"began": began}).all()
    names = ("mail", *STEPS)
    return {name: [float(row[place]) for row in rows] for place, name in enumerate(names)}


ACCEPTED = "SELECT count(*) FROM escalation.mail_recipients WHERE state = 'accepted'"
DELAYS = text("""
    SELECT extract(epoch FROM r.accepted_at - m.published_at), extract(epoch FROM t.opened_at - m.published_at),
           extract(epoch FROM a.started_at - t.opened_at), extract(epoch FROM a.body_started_at - a.started_at),
           extract(epoch FROM r.accepted_at - a.body_started_at)
    FROM escalation.mails AS m
    JOIN escalation.tickets AS t USING (ticket_id)
    JOIN escalation.mail_recipients AS r USING (mail_id)
    JOIN escalation.delivery_attempts AS a ON a.recipient_id = r.recipient_id AND a.reply_class = 'accepted'
    WHERE m.published_at >= :began
""")


def bare_celery(stand: Stand, rate: int, count: int) -> list[float]:
    """Seconds from a task's publishing to its start."""
    with stand.round("everysec") as one:
        noop.app.conf.update({"broker_url": stand.valkey.url})
        one.family.start(*worker("bench.noop", "noop", noop.QUEUE), "-l", "WARNING")
        noop.send(noop.mark, ["warm"])
        wait(lambda: one.redis.hexists(noop.MARKS, "warm"), "the worker")
        with noop.sender() as send:
            sent = paced(rate, [str(number) for number in range(count)], lambda name: send(noop.mark, name))
        wait(lambda: one.redis.hlen(noop.MARKS) == count + 1, "all tasks", pause=0.2)
        started = noop.marks(one.redis)
    return [started[name] - at for name, at in sent.items()]


def paced(rate: int, things: Sequence[str], send: Callable[[str], None]) -> dict[str, float]:
    """Send things at an even rate; when each was sent."""
    began, sent = time.time(), {}
    for number, thing in enumerate(things):
        time.sleep(max(0.0, began + number / rate - time.time()))
        sent[thing] = time.time()
        send(thing)
    return sent
