"""A storm from its seed to its verdict."""

import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

import psutil
from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from bench.chaos.faults import FAULTS, Fault, struck
from bench.chaos.sessions import Published, published
from bench.chaos.verdict import Verdict, judge
from bench.chaos.world import World, world
from services.stream import EVENTS, GROUP
from worker.embedded.pidfile import mark_of

SESSIONS_A_MINUTE = 600
LONGEST_FAULT_SECONDS = 2.5
LONGEST_PAUSE_SECONDS = 1.0
CALM_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Happened:
    """A fault with the moment of its end."""

    fault: Fault
    ended: datetime


@dataclass(slots=True)
class Report:
    """What a storm did and what was left of it; `recoveries` in seconds, by the name of the fault."""

    seed: int
    minutes: float
    verdict: Verdict
    happened: list[Happened] = field(default_factory=list)
    recoveries: dict[str, list[float]] = field(default_factory=dict)

    @property
    def line(self) -> str:
        """The last line: what was there, and whether any of it was lost or came twice."""
        verdict = self.verdict
        return (
            f"chaos {'ok' if verdict.ok else 'FAILED'}: seed={self.seed} minutes={self.minutes:g} "
            f"events={verdict.events} tickets={verdict.tickets} mails={verdict.mails} faults={len(self.happened)} "
            f"lost={verdict.lost} doubled={verdict.doubled}"
        )

    @property
    def recovery_lines(self) -> Iterator[str]:
        for name, times in sorted(self.recoveries.items()):
            yield f"{name:34} {len(times):4} times  median {statistics.median(times):5.1f} s  worst {max(times):5.1f} s"


def run(seed: int, minutes: float, say: Callable[[str], None], calm_seconds: float = CALM_SECONDS) -> Report:
    """Let the storm rage for so many minutes, wait for calm, and judge.

    :param say: gets each fault as it begins
    """
    lines = published(seed, max(round(SESSIONS_A_MINUTE * minutes), 20))
    with world(seed) as place:
        place.start()
        place.publish(lines.lines, seconds=minutes * 60)
        happened = rage(place, minutes * 60, say)
        say("calm")
        late = calm(place, lines, calm_seconds)
        place.stop()
        with place.engine.connect() as connection:
            verdict = judge(connection, lines, place.mail.messages)
            recoveries = measured(connection, happened)
        verdict.differences += [*late, *left_behind(place)]
    return Report(seed, minutes, verdict, happened, recoveries)


def rage(place: World, seconds: float, say: Callable[[str], None]) -> list[Happened]:
    """One fault after the other, each kind once before any comes again."""
    happened: list[Happened] = []
    end = time.monotonic() + seconds
    faults: list[Fault] = []
    while time.monotonic() < end:
        faults = faults or place.random.sample(FAULTS, len(FAULTS))
        fault = faults.pop()
        say(fault.name)
        with struck(place, fault):
            time.sleep(place.random.uniform(0.3, LONGEST_FAULT_SECONDS))
        happened.append(Happened(fault, datetime.now(UTC)))
        place.supervise()
        time.sleep(place.random.uniform(0, LONGEST_PAUSE_SECONDS))
    return happened


def calm(place: World, lines: Published, seconds: float) -> list[str]:
    """Wait until everything is done; what is not by then is a difference."""
    deadline = time.monotonic() + seconds
    while open_work := unfinished(place, lines):
        if time.monotonic() > deadline:
            return [f"not finished after {seconds:.0f} s of calm: {what}" for what in open_work]
        place.supervise()
        time.sleep(0.2)
    return []


WAITING = {
    "leases": "SELECT count(*) FROM escalation.mail_recipients WHERE state = 'sending' OR lease_id IS NOT NULL",
    "mails": "SELECT count(*) FROM escalation.mail_recipients WHERE state <> 'accepted'",
    "outcomes": "SELECT count(*) FROM escalation.outcomes WHERE published_at IS NULL",
}
SEND_HELD = text("""
    UPDATE escalation.mail_recipients
    SET state = 'queued', repeats = 0, attempts = 0, lease_id = NULL, next_attempt_at = clock_timestamp()
    WHERE state = 'held' AND reply_class = 'unknown'
""")


def unfinished(place: World, lines: Published) -> list[str]:
    """What still has to be done, in words."""
    running = [process for process in place.publishers if process.popen.poll() != 0]
    if running:
        return [f"{len(running)} publishers"]
    try:
        with Redis.from_url(place.valkey.url, socket_timeout=5) as redis, place.engine.connect() as connection:
            send_what_was_held(connection)
            counts = {name: connection.execute(text(sql)).scalar_one() for name, sql in WAITING.items()}
            counts["events"] = len(lines.good) - connection.execute(STORED).scalar_one()
            counts["pending entries"] = redis.xpending(EVENTS, GROUP)["pending"]
            counts["entries not read"] = lag(redis)
    except (DBAPIError, RedisError) as error:
        return [type(error).__name__]
    return [f"{count} {name}" for name, count in counts.items() if count]


STORED = text("SELECT count(*) FROM escalation.event_inbox")


def lag(redis: Redis) -> int:
    return int(next(group["lag"] or 0 for group in redis.xinfo_groups(EVENTS) if group["name"] == GROUP.encode()))


def send_what_was_held(connection: Connection) -> None:
    """A mail whose reply was lost twice is held for a person: this one says to send it again."""
    connection.execute(SEND_HELD)


NEXT = {
    "events": text("SELECT min(received_at) FROM escalation.event_inbox WHERE received_at > :ended"),
    "mail": text("SELECT min(accepted_at) FROM escalation.mail_recipients WHERE accepted_at > :ended"),
}


def measured(connection: Connection, happened: list[Happened]) -> dict[str, list[float]]:
    """Seconds from the end of each fault to the next event stored, or to the next mail accepted."""
    recoveries: dict[str, list[float]] = {}
    for one in happened:
        back = connection.execute(NEXT[one.fault.hits], {"ended": one.ended}).scalar_one()
        if back is not None:
            recoveries.setdefault(one.fault.name, []).append((back - one.ended).total_seconds())
    return recoveries


def left_behind(place: World) -> list[str]:
    """Processes of ours that outlived their stop; the servers are still needed."""
    ours = [process for process in psutil.process_iter(["name"]) if mark_of(process) == str(place.folder)]
    servers = {place.postgres.pid, place.valkey.pid}
    return [
        f"process {process.pid} ({process.info['name']}) is left"
        for process in ours
        if process.pid not in servers and not servers & {parent.pid for parent in process.parents()}
    ]
