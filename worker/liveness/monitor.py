"""Observes what no longer works, and what certainly works."""

import math
import time
from dataclasses import dataclass, replace
from typing import Any, Final, Self

import structlog
from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from services.database.errors import described
from services.delivery.lease import shift_due_times
from services.events.layout import event_streams
from services.monitoring.health import measure_stream, recent_step, try_write
from services.schema.check import compare
from services.schema.introspection import Difference, DifferenceKind
from worker.doorbell import silent_seconds
from worker.liveness.last_seen import last_runs
from worker.schedule import QUEUE, SECONDS_BETWEEN

logger = structlog.get_logger()
_WRITE_PROBE = "escalation:write_probe"
# Clocks that NTP keeps are moved by less.
_TOLERABLE_SECONDS = 2.0
# Of the patience: a comparison takes 20 ms of processor time, more than all else that is observed, and an alarm comes
# no later as long as the next one is in time for it.
_COMPARISON_COUNTS = 0.7
_DOCTOR = "run python -m worker doctor, and see docs/operate.md"
_SWEEPS = "sweeps"


@dataclass(frozen=True, slots=True)
class Alarm:
    """An alert's words; no personal data."""

    summary: str
    hint: str = _DOCTOR

    def about(self, what: str) -> Self:
        return replace(self, summary=f"{self.summary}: {what}") if what else self


ALARMS: Final = {
    "postgresql": Alarm("PostgreSQL does not answer; events wait in Redis until it does"),
    "postgresql_writes": Alarm("PostgreSQL takes no writes; events wait in Redis until it does"),
    "schema": Alarm("the database is not as the worker needs it"),
    "redis": Alarm("Redis does not answer; nothing is decided, and no mail leaves, until it does"),
    "stream": Alarm("the event stream cannot be used; no event is decided"),
    "clock": Alarm(
        "a clock was set back", "Let the servers take their time from NTP; what was due is planned anew by itself."
    ),
    "worker": Alarm("no worker waits at the event stream; events wait in Redis"),
    "beat": Alarm("beat sends nothing; whatever failed is not tried again"),
    _SWEEPS: Alarm("sweeps have not run for long"),
}


_MAILERS = {"urgent", "mail"}
WELL, GONE = 0.0, math.inf


@dataclass(frozen=True, slots=True)
class Observation:
    """Alarms by key, and the keys of what was seen well; of any other nothing is known at the moment."""

    alarms: dict[str, Alarm]
    well: set[str]


class LivenessMonitor:
    """Remembers when each part was last well. `patience`: for how many seconds a part may be silent."""

    def __init__(self, engine: Engine, redis: Redis, patience: float) -> None:
        self.engine, self.redis, self.patience = engine, redis, patience
        self.began = self.observed = time.monotonic()
        self.seen: dict[str, float] = {}
        self.details: dict[str, str] = {}
        # When a comparison of the schema last found nothing wrong.
        self.compared = -math.inf

    def observe(self) -> Observation:
        """Try every part and sweep."""
        self.wake()
        database = self.database()
        ages = database | self.broker()
        if GONE in (database["postgresql"], database.get("postgresql_writes")):
            # Sweeps that wait for PostgreSQL are not late for another reason, and once it is back they need time.
            ages = {name: age for name, age in ages.items() if name not in SECONDS_BETWEEN}
        silent = {name for name, age in ages.items() if self.is_silent(name, age)}
        for name in {*ALARMS, *SECONDS_BETWEEN} - ages.keys():
            # Unknown: what it reports to does not answer.
            self.seen[name] = time.monotonic()
        return Observation(self.alarms(silent), self.well(ages))

    def wake(self) -> None:
        """After this process was frozen, maybe together with beat, give the sweeps their time anew."""
        now = time.monotonic()
        if now - self.observed > self.patience:
            self.seen.update(dict.fromkeys(SECONDS_BETWEEN, now))
        self.observed = now

    def alarms(self, silent: set[str]) -> dict[str, Alarm]:
        late = [name.removeprefix("escalation.") for name in SECONDS_BETWEEN if name in silent]
        details = self.details | {_SWEEPS: ", ".join(late)}
        keys = [key for key in ALARMS if key in silent or (key == _SWEEPS and late)]
        return {key: ALARMS[key].about(details.get(key, "")) for key in keys}

    def well(self, ages: dict[str, float]) -> set[str]:
        """Stricter than not silent: a monitor that has just begun has seen nothing yet."""
        found = {key for key in ages.keys() & ALARMS.keys() if ages[key] <= self.patience}
        ran = [ages.get(name) for name in SECONDS_BETWEEN]
        late = [name for name, age in ages.items() if age != GONE and age > self.limit(name)]
        return found | ({_SWEEPS} if None not in ran and not late else set())

    def is_silent(self, name: str, age: float) -> bool:
        now = time.monotonic()
        self.seen[name] = max(self.seen.get(name, self.began), now - max(0.0, age))
        return now - self.seen[name] > self.limit(name)

    def limit(self, name: str) -> float:
        return self.patience + 2 * SECONDS_BETWEEN.get(name, 0)

    def database(self) -> dict[str, float]:
        """Seconds since each was well; what cannot be judged is left out."""
        try:
            with self.engine.connect() as connection:
                wrong = self.wrong(connection)
        except DBAPIError as error:
            self.compared = -math.inf
            return self.failure("postgresql", error)
        if wrong:
            self.details["schema"] = f"{wrong[0].place} {wrong[0].found}"
            return {"postgresql": WELL, "schema": GONE}
        return {"postgresql": WELL, "schema": time.monotonic() - self.compared} | self.writes()

    def wrong(self, connection: Connection) -> list[Difference]:
        """What is not as it should be; as long as a comparison that found nothing is young, nothing."""
        now = time.monotonic()
        if now - self.compared < self.patience * _COMPARISON_COUNTS:
            return []
        wrong = [difference for difference in compare(connection) if difference.kind is not DifferenceKind.NOTE]
        self.compared = -math.inf if wrong else now
        return wrong

    def writes(self) -> dict[str, float]:
        try:
            with self.engine.begin() as connection:
                if set_back := try_write(connection):
                    shifted = shift_due_times(connection, set_back)
                    logger.error("postgresql_clock_set_back", seconds=round(set_back), planned_anew=shifted)
                step = recent_step(connection)
        except DBAPIError as error:
            return self.failure("postgresql_writes", error) | {"postgresql": WELL}
        if step:
            self.details["clock"] = f"PostgreSQL's by {step:.0f} s"
        return {"postgresql_writes": WELL, "clock": GONE if step else WELL}

    def failure(self, key: str, error: Exception) -> dict[str, float]:
        """What the server says against it; no personal data is in the words of these errors."""
        self.details[key] = described(error)[:200]
        return {key: GONE}

    def broker(self) -> dict[str, float]:
        """As `database`, for Redis and for all that is recorded there."""
        try:
            # Its answer to a write names what a read does not show: no memory, no disk, no right, a replica.
            self.redis.set(_WRITE_PROBE, 1, ex=60)
            runs, worker = last_runs(self.redis), silent_seconds(self.redis)
        except RedisError as error:
            return self.failure("redis", error)
        beat = runs.pop("beat", GONE)
        found = {"redis": WELL, "worker": worker, "beat": beat} | self.sweeps(runs, worker, beat)
        return found | self.redis_clock([beat, *runs.values()]) | self.stream()

    def redis_clock(self, ages: list[float]) -> dict[str, float]:
        """A negative age: Redis' clock was set back. Where it was not, PostgreSQL's clock decides."""
        if min(ages) > -_TOLERABLE_SECONDS:
            return {}
        self.details["clock"] = f"Redis' by {-min(ages):.0f} s or more"
        return {"clock": GONE}

    def stream(self) -> dict[str, float]:
        try:
            for stream in event_streams(self.redis):
                kind: Any = stream.redis.type(stream.name)
                if kind not in {b"stream", b"none"}:
                    remedy = "rename it, since events need a stream there"
                    self.details["stream"] = f"{stream.name} is a {kind.decode()}; {remedy}"
                    return {"stream": GONE}
                measure_stream(stream)
        except RedisError as error:
            return self.failure("stream", error)
        return {"stream": WELL}

    def sweeps(self, runs: dict[str, float], worker: float, beat: float) -> dict[str, float]:
        """Those whose lateness says more: not while beat or the worker that runs them is known to be gone."""
        if beat > self.patience:
            return {}
        names = [name for name in SECONDS_BETWEEN if worker <= self.patience or QUEUE.get(name) in _MAILERS]
        return {name: runs.get(name, GONE) for name in names}
