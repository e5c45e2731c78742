"""What is measured. Each function runs one round and returns a figure: so many a second, unless it says otherwise."""

import smtplib
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

from sqlalchemy import text

from bench import noop
from bench.mix import escalating, mixed
from bench.original import escalate
from bench.stand import Round, Stand, wait
from services.stream import EVENTS, GROUP


def events_ours(stand: Stand, count: int, processes: int) -> float:
    """A backlog of mixed events: from the first one read to the last commit."""
    with stand.round() as one:
        one.publish(mixed(count))
        return drained(one, count, processes)


def drained(one: Round, count: int, processes: int) -> float:
    one.family.start(*celery("worker", processes, "events"))
    began = wait(lambda: delivered(one), "the first events")
    with one.engine.connect() as connection:
        stored = text("SELECT count(*) FROM escalation.event_inbox")
        ended = wait(lambda: connection.execute(stored).scalar_one() == count, f"{count} events")
    return count / (ended - began)


def delivered(one: Round) -> bool:
    if not one.redis.exists(EVENTS):
        return False
    groups = one.redis.xinfo_groups(EVENTS)
    return any(group["name"] == GROUP.encode() and group["entries-read"] for group in groups)


def celery(application: str, processes: int, queues: str) -> Sequence[str]:
    options = ["-c", str(processes), "-Q", queues, "-n", f"{application}@bench", "-l", "WARNING"]
    return ["celery", "-A", application, "worker", *options, "--without-gossip", "--without-mingle"]


def events_celery(stand: Stand, count: int, processes: int) -> float:
    """A backlog of tasks that do nothing with the same events: from the first start to the last.

    Redis writes through once a second here, as it does by itself: with each write, as for us, Celery is far slower.
    """
    with stand.round("everysec") as one:
        noop.app.conf.update({"broker_url": stand.valkey.url})
        noop.send(noop.mark, ["first"])
        noop.send(noop.nothing, mixed(count))
        noop.send(noop.mark, ["last"])
        one.family.start(*celery("bench.noop", processes, noop.QUEUE))
        wait(lambda: one.redis.hexists(noop.MARKS, "last"), "the last task")
        times = marks(one)
    return count / (times["last"] - times["first"])


def marks(one: Round) -> dict[str, float]:
    """When the marking tasks started, by their names."""
    found: Any = one.redis.hgetall(noop.MARKS)
    return {name.decode(): float(value) for name, value in found.items()}


def tickets_ours(stand: Stand, count: int, batch: int) -> float:
    """Events that each open a ticket, in batches of this size, by one process."""
    with stand.round(BATCH_SIZE=str(batch)) as one:
        one.publish(escalating(count, "ticket"))
        return drained(one, count, 1)


def tickets_original(stand: Stand, count: int) -> float:
    """One transaction a statement, and a mail over a new connection within the request."""
    with stand.round() as one, one.engine.connect() as connection:
        began = time.time()
        for number in range(count):
            escalate(connection, f"original-{number}", stand.smtp_port)
        return count / (time.time() - began)


def mails_ours(stand: Stand, count: int, processes: int) -> float:
    """Support mails that wait in the outbox, with all their records: from the first body to the last acceptance."""
    with stand.round(MAIL_CONNECTIONS=str(processes)) as one:
        one.publish(escalating(count, "mail"))
        drained(one, count, 1)
        one.family.start(*celery("worker", processes, "urgent,mail,sweeps"))
        one.family.beat()
        with one.engine.connect() as connection:
            wait(lambda: connection.execute(UNSENT).scalar_one() == 0, f"{count} mails")
            return count / float(connection.execute(SENDING_SECONDS).scalar_one())


UNSENT = text("SELECT count(*) FROM escalation.mail_recipients WHERE state <> 'accepted'")
SENDING_SECONDS = text("""
    SELECT extract(epoch FROM (SELECT max(accepted_at) FROM escalation.mail_recipients)
                            - (SELECT min(started_at) FROM escalation.delivery_attempts))
""")


def mails_smtplib(stand: Stand, count: int) -> float:
    """The limit: the same message again and again over one connection, with no record of anything."""
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = "a ticket", "desk@example.com", "support@example.com"
    message.set_content("line of the story\n" * 200)
    whole = message.as_bytes()
    with smtplib.SMTP("127.0.0.1", stand.smtp_port) as server:
        began = time.time()
        for _ in range(count):
            server.sendmail("desk@example.com", ["support@example.com"], whole)
        return count / (time.time() - began)


def latency_ours(stand: Stand, rate: int, count: int) -> dict[str, list[float]]:
    """Seconds from publishing to the ticket's commit and to the mail's acceptance, at so many a second."""
    with stand.round() as one:
        one.family.worker("events", 1)
        one.family.worker("urgent,mail,sweeps", 1)
        one.family.beat()
        one.publish(escalating(5, "warm"))
        with one.engine.connect() as connection:
            wait(lambda: connection.execute(ACCEPTED).scalar_one() == 5, "the first mails")
            began = datetime.now(UTC)
            paced(rate, escalating(count, "latency"), lambda line: one.publish([line]))
            wait(lambda: connection.execute(ACCEPTED).scalar_one() == count + 5, "all mails")
            rows = connection.execute(DELAYS, {"began": began}).all()
    return {"ticket": sorted(float(row[0]) for row in rows), "mail": sorted(float(row[1]) for row in rows)}


ACCEPTED = text("SELECT count(*) FROM escalation.mail_recipients WHERE state = 'accepted'")
DELAYS = text("""
    SELECT extract(epoch FROM t.opened_at - m.published_at), extract(epoch FROM r.accepted_at - m.published_at)
    FROM escalation.mails AS m
    JOIN escalation.tickets AS t USING (ticket_id)
    JOIN escalation.mail_recipients AS r USING (mail_id)
    WHERE m.published_at >= :began
""")


def latency_celery(stand: Stand, rate: int, count: int) -> dict[str, list[float]]:
    """Seconds from a task's publishing to its start, at so many a second."""
    with stand.round("everysec") as one:
        noop.app.conf.update({"broker_url": stand.valkey.url})
        one.family.start(*celery("bench.noop", 1, noop.QUEUE))
        noop.send(noop.mark, ["warm"])
        wait(lambda: one.redis.hexists(noop.MARKS, "warm"), "the worker")
        sent = paced(rate, [str(number) for number in range(count)], lambda name: noop.send(noop.mark, [name]))
        wait(lambda: one.redis.hlen(noop.MARKS) == count + 1, "all tasks")
        started = marks(one)
    return {"start": sorted(started[name] - at for name, at in sent.items())}


def paced(rate: int, things: Sequence[str], send: Callable[[str], None]) -> dict[str, float]:
    """Send things at an even rate; when each was sent."""
    began, sent = time.time(), {}
    for number, thing in enumerate(things):
        time.sleep(max(0.0, began + number / rate - time.time()))
        sent[thing] = time.time()
        send(thing)
    return sent
