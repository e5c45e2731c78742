"""After the storm: wait until nothing is left to be done, as an operator would; then nothing may be left over."""

import time

import psutil
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from bench.chaos.sessions import Published
from bench.chaos.world import World
from services.events.stream import GROUP, EventStream
from worker.embedded.process_tree import mark_of

WAITING = {
    "leases": "SELECT count(*) FROM escalation.mail_recipients WHERE state = 'sending' OR lease_id IS NOT NULL",
    "mails": "SELECT count(*) FROM escalation.mail_recipients WHERE state <> 'accepted'",
    "outcomes": "SELECT count(*) FROM escalation.outcomes WHERE published_at IS NULL",
}
STORED = "SELECT count(*) FROM escalation.event_inbox"
SEND_HELD = text("""
    UPDATE escalation.mail_recipients
    SET state = 'queued', repeats = 0, attempts = 0, lease_id = NULL, next_attempt_at = clock_timestamp()
    WHERE state = 'held' AND reply_class = 'unknown'
""")
OTHERS = text("""
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
""")
ASK_AGAIN_SECONDS = 0.2
# However much a long storm has left to be done, it is done by then.
LONGEST_SECONDS = 900.0


def calm(place: World, published: Published, seconds: float) -> list[str]:
    """Wait until everything is done; what is not when nothing has moved for so many seconds, in words."""
    before: list[str] = []
    moved = begun = time.monotonic()
    while what := unfinished(place, published):
        now = time.monotonic()
        moved, before = (now, what) if what != before else (moved, before)
        if now > min(moved + seconds, begun + LONGEST_SECONDS):
            return [f"not finished after {now - begun:.0f} s of calm: {one}" for one in what]
        place.supervise()
        time.sleep(ASK_AGAIN_SECONDS)
    return []


def unfinished(place: World, published: Published) -> list[str]:
    """What still has to be done, in words."""
    if running := [number for number, process in enumerate(place.publishers) if process.popen.poll() != 0]:
        return [f"publisher {number}, which has sent {place.sent(number)} events" for number in running]
    try:
        with place.event_streams() as streams, place.engine.connect() as connection:
            # A mail whose reply was lost twice is held for a person: this one says to send it again.
            connection.execute(SEND_HELD)
            counts = {name: connection.execute(text(sql)).scalar_one() for name, sql in WAITING.items()}
            counts["events"] = len(published.good) - connection.execute(text(STORED)).scalar_one()
            counts["pending entries"] = sum(each.redis.xpending(each.name, GROUP)["pending"] for each in streams)
            counts["entries not read"] = sum(map(lag, streams))
    except (DBAPIError, RedisError) as error:
        return [type(error).__name__]
    return [f"{count} {name}" for name, count in counts.items() if count]


def lag(stream: EventStream) -> int:
    groups = stream.redis.xinfo_groups(stream.name)
    return int(next(group["lag"] or 0 for group in groups if group["name"] == GROUP.encode()))


def left_over(place: World, published: Published) -> list[str]:
    """What is there after the stop and must not be: work, processes, sessions of the database."""
    found = [f"{one} at the end" for one in unfinished(place, published)]
    with place.engine.connect() as connection:
        sessions = connection.execute(OTHERS).scalar_one()
    found += [f"{sessions} sessions of the database"] if sessions else []
    return [f"left over: {one}" for one in [*found, *processes_of(place)]]


def processes_of(place: World) -> list[str]:
    """Processes that outlived their stop; the servers are still needed."""
    ours = [process for process in psutil.process_iter(["name"]) if mark_of(process) == str(place.folder)]
    servers = {place.postgres.pid, place.valkey.pid, place.replica.pid}
    servers |= {node.pid for node in place.cluster.nodes} if place.cluster else set()
    return [
        f"process {process.pid} ({process.info['name']})"
        for process in ours
        if process.pid not in servers and not servers & {parent.pid for parent in process.parents()}
    ]
