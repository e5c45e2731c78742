"""Beat's plan by the monotonic clock, from where it stood before a restart.

Celery plans intervals by the wall clock and begins each anew at every start (celery.beat.Scheduler): a clock set back
by an hour stops every sweep for an hour, and whoever restarts beat every five minutes never sees an hourly sweep.
"""

import time
from typing import Any

import structlog
from celery.beat import ScheduleEntry, Scheduler
from redis.exceptions import RedisError

from services.events.stream import redis_client
from worker.liveness.last_seen import last_runs
from worker.schedule import SECONDS_BETWEEN

logger = structlog.get_logger()
_LONGEST_SLEEP_SECONDS = 60.0


class MonotonicScheduler(Scheduler):
    """Sends each entry every so many seconds; what is overdue at the start is sent at once."""

    def setup_schedule(self) -> None:
        super().setup_schedule()
        self.due: dict[str, float] = {}

    def tick(self, *_: Any, **__: Any) -> float:
        """Send all that is due; return the seconds until the next, for Celery's loop to sleep."""
        if not self.due:
            self.due = self.plan()
        now = time.monotonic()
        for name, entry in list(self.schedule.items()):
            if self.due[name] <= now:
                self.reserve(entry)
                self.apply_entry(entry, producer=self.producer)
                self.due[name] = now + _interval(entry)
        return min(max(0.0, min(self.due.values()) - time.monotonic()), _LONGEST_SLEEP_SECONDS)

    def plan(self) -> dict[str, float]:
        """The first time of each entry by the monotonic clock: an interval after it last did its work."""
        try:
            ages = last_runs(redis_client())
        except RedisError as error:
            logger.warning("beat_plans_without_redis", error=type(error).__name__)
            ages = {}
        now = time.monotonic()
        return {name: now + _first_wait(entry, ages) for name, entry in self.schedule.items()}


def _first_wait(entry: ScheduleEntry, ages: dict[str, float]) -> float:
    """At most an interval, even where Redis' clock was set back meanwhile and the age is negative."""
    interval = _interval(entry)
    return min(max(0.0, interval - ages.get(str(entry.task), interval)), interval)


def _interval(entry: ScheduleEntry) -> float:
    """Seconds."""
    return SECONDS_BETWEEN[str(entry.task)]
