"""Observes what no longer works, and what certainly works."""

import math
import time
from dataclasses import dataclass, replace
from typing import Final, Self

from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from services.schema.check import compare
from services.schema.introspection import DifferenceKind
from worker.doorbell import silent_seconds
from worker.liveness.last_seen import last_runs
from worker.schedule import QUEUE, SECONDS_BETWEEN

_DOCTOR = "run python -m worker doctor, and see docs/operate.md"
SWEEPS = "sweeps"


@dataclass(frozen=True, slots=True)
class Alarm:
    """An alert's words; no personal data."""

    summary: str
    hint: str = _DOCTOR

    def about(self, what: str) -> Self:
        return replace(self, summary=f"{self.summary}: {what}") if what else self


ALARMS: Final = {
    "postgresql": Alarm("PostgreSQL does not answer; events wait in Redis until it does"),
    "schema": Alarm("the database is not as the worker needs it"),
    "redis": Alarm("Redis does not answer; nothing is decided, and no mail leaves, until it does"),
    "worker": Alarm("no worker waits at the event stream; events wait in Redis"),
    "beat": Alarm("beat sends nothing; whatever failed is not tried again"),
    SWEEPS: Alarm("sweeps have not run for long"),
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
        self.difference = ""

    def observe(self) -> Observation:
        """Try every part and sweep."""
        self.wake()
        database = self.database()
        ages = database | self.broker()
        if database["postgresql"] == GONE:
            # Sweeps that wait for PostgreSQL are no news, and once it is back they need their time.
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
        about = {"schema": self.difference, SWEEPS: ", ".join(late)}
        keys = [key for key in ALARMS if key in silent or (key == SWEEPS and late)]
        return {key: ALARMS[key].about(about.get(key, "")) for key in keys}

    def well(self, ages: dict[str, float]) -> set[str]:
        """Stricter than not silent: a monitor that has just begun has seen nothing yet."""
        found = {key for key in ages.keys() & ALARMS.keys() if ages[key] <= self.patience}
        ran = [ages.get(name) for name in SECONDS_BETWEEN]
        late = [name for name, age in ages.items() if age != GONE and age > self.limit(name)]
        return found | ({SWEEPS} if None not in ran and not late else set())

    def is_silent(self, name: str, age: float) -> bool:
        now = time.monotonic()
        self.seen[name] = max(self.seen.get(name, self.began), now - age)
        return now - self.seen[name] > self.limit(name)

    def limit(self, name: str) -> float:
        return self.patience + 2 * SECONDS_BETWEEN.get(name, 0)

    def database(self) -> dict[str, float]:
        """Seconds since each was well; what cannot be judged is left out."""
        try:
            with self.engine.connect() as connection:
                wrong = [difference for difference in compare(connection) if difference.kind is not DifferenceKind.NOTE]
        except DBAPIError:
            return {"postgresql": GONE}
        self.difference = f"{wrong[0].place} {wrong[0].found}" if wrong else ""
        return {"postgresql": WELL, "schema": GONE if wrong else WELL}

    def broker(self) -> dict[str, float]:
        """As `database`, for Redis and for all that leaves its signs of life there."""
        try:
            runs, worker = last_runs(self.redis), silent_seconds(self.redis)
        except RedisError:
            return {"redis": GONE}
        beat = runs.pop("beat", GONE)
        return {"redis": WELL, "worker": worker, "beat": beat} | self.sweeps(runs, worker, beat)

    def sweeps(self, runs: dict[str, float], worker: float, beat: float) -> dict[str, float]:
        """Those whose lateness would be news: not while beat or the worker that runs them is known to be gone."""
        if beat > self.patience:
            return {}
        names = [name for name in SECONDS_BETWEEN if worker <= self.patience or QUEUE.get(name) in _MAILERS]
        return {name: runs.get(name, GONE) for name in names}
