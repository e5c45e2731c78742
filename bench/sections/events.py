"""Event path: ours beside bare Celery, and the limits of what we stand on."""

import time
from typing import Any

import psycopg2
from psycopg2.extras import execute_values
from redis import Redis

from bench import noop
from bench.mix import mixed
from bench.results import Section
from bench.rows import inbox_rows
from bench.sections.effort import Effort, in_turn
from bench.stand import Round, Stand, wait, worker
from config.settings import Settings
from services.events.stream import EVENTS, GROUP

WORDS = {
    "ours_1": "ours, one worker",
    "noop_1": "Celery tasks that do nothing, one an event, one worker",
    "ours_2": "ours, two workers",
    "noop_2": "Celery tasks that do nothing, one an event, two workers",
    "insert": "limit: the same rows by multi-row INSERT, nothing else",
    "xadd": "limit: XADD, 500 in a round trip",
    "xadd_single": "limit: XADD, one in a round trip",
}
AT_ONCE = 500
# As many rows in a transaction as a worker has as shipped.
BATCH: int = Settings.model_fields["batch_size"].default
# A worker, ours as well as the bare one, has two children, as in docker-compose.yml.
CHILDREN = 2
# What is to be worked off waits under another name: a rename lets it appear at once, for workers that are up.
BACKLOG = "bench:backlog"
INSERT = """
    INSERT INTO escalation.event_inbox
        (event_id, session_id, type, occurred_at, published_at, payload, decision, evidence, policy_version) VALUES %s
"""


def run(stand: Stand, effort: Effort) -> Section:
    events, tasks = effort.count(40_000), effort.count(4_000)
    measures = {
        "ours_1": lambda on: ours(on, events, 1),
        "noop_1": lambda on: bare_celery(on, tasks, 1),
        "ours_2": lambda on: ours(on, events, 2),
        "noop_2": lambda on: bare_celery(on, tasks, 2),
        "insert": lambda on: inserts(on, events),
        "xadd": lambda on: xadds(on, events, AT_ONCE),
        "xadd_single": lambda on: xadds(on, effort.count(5_000), 1),
    }
    return in_turn(stand, effort, measures, WORDS)


def ours(stand: Stand, count: int, workers: int) -> float:
    """A backlog of mixed events that appears at once, until the last is acknowledged, which is after its commit."""
    with stand.round() as one:
        return drained(one, mixed(count), workers)


def drained(one: Round, lines: list[str], workers: int = 1) -> float:
    """Let workers, who wait already, empty the stream; so many events a second."""
    one.publish(lines, stream=BACKLOG)
    one.redis.xgroup_create(BACKLOG, GROUP, id="0")
    one.workers(workers, "events", children=CHILDREN)
    began = time.time()
    one.redis.rename(BACKLOG, EVENTS)
    # Seldom before the last batches are at work: each question takes a millisecond of what the workers need.
    wait(lambda: read_by(one.redis) >= len(lines), "the last event's reading", pause=0.02)
    ended = wait(lambda: pending(one.redis) == 0, "the last event's end", pause=0.005)
    stored = one.scalar("SELECT count(*) FROM escalation.event_inbox WHERE received_at >= :began", began=one.began)
    if stored != len(lines):
        raise AssertionError(f"{len(lines)} events were published and {stored} stored")
    return len(lines) / (ended - began)


def read_by(redis: Redis) -> int:
    """How many entries the group was given so far."""
    groups: Any = redis.xinfo_groups(EVENTS)
    return max((group["entries-read"] or 0 for group in groups if group["name"] == GROUP.encode()), default=0)


def pending(redis: Redis) -> int:
    summary: Any = redis.xpending(EVENTS, GROUP)
    return int(summary["pending"])


def bare_celery(stand: Stand, count: int, workers: int) -> float:
    """A backlog of tasks that do nothing with the same events and appears at once, until the last has started.

    Redis writes through once a second here, as it does by itself: with each write, as for us, Celery is far slower.
    """
    with stand.round("everysec") as one:
        noop.app.conf.update({"broker_url": stand.valkey.url})
        noop.send(noop.nothing, mixed(count), BACKLOG)
        noop.send(noop.mark, ["last"], BACKLOG)
        for number in range(workers):
            one.family.start(*worker("bench.noop", f"noop{number}", noop.QUEUE, CHILDREN), "-l", "WARNING")
        wait(lambda: noop.ready(one.redis) == workers, "the workers")
        began = time.time()
        one.redis.rename(BACKLOG, noop.QUEUE)
        wait(lambda: one.redis.hexists(noop.MARKS, "last"), "the last task")
        times = noop.marks(one.redis)
    return count / (times["last"] - began)


def inserts(stand: Stand, count: int) -> float:
    """What PostgreSQL takes from one client: batches of the same rows, each committed."""
    rows = inbox_rows(mixed(count))
    with stand.round() as one, psycopg2.connect(one.url) as connection, connection.cursor() as cursor:
        began = time.time()
        for begin in range(0, count, BATCH):
            execute_values(cursor, INSERT, rows[begin : begin + BATCH], page_size=BATCH)
            connection.commit()
        ended = time.time()
    connection.close()
    return count / (ended - began)


def xadds(stand: Stand, count: int, at_once: int) -> float:
    """What Redis takes from one client, with every write on the disk before it is confirmed."""
    with stand.round() as one:
        lines = mixed(count)
        began = time.time()
        one.publish(lines, at_once)
        return count / (time.time() - began)
