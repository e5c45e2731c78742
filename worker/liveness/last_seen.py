"""When each sweep last did its work and when beat last sent a message, kept in Redis and measured by Redis' clock.

The clocks of two machines differ, and any of them may be set back; Redis' own is the only one used here.
"""

from typing import Any

import structlog
from celery.signals import after_task_publish
from celery.states import SUCCESS
from redis import Redis
from redis.exceptions import RedisError

from services.events.stream import redis_client
from services.monitoring.health import redis_time
from tasks.evaluation.drain import POSTGRESQL_AWAY
from tasks.sweeps import QueueTrouble
from worker.schedule import SECONDS_BETWEEN

logger = structlog.get_logger()
LAST_RUNS = "escalation:last_runs"
BEAT = "beat"
# In one round trip: each sweep and each message of beat is recorded.
_RECORD = """
    local now = redis.call('TIME')
    redis.call('HSET', KEYS[1], ARGV[1], string.format('%d.%03d', now[1], math.floor(now[2] / 1000)))
"""


def record_sweep(task: Any = None, state: str | None = None, retval: Any = None, **_: Any) -> None:
    """Record that a sweep did its work; one that failed did not. A limit that queue_health reports is its work."""
    away = isinstance(retval, str) and retval.endswith(POSTGRESQL_AWAY)
    done = (state == SUCCESS and not away) or isinstance(retval, QueueTrouble)
    if task is not None and task.name in SECONDS_BETWEEN and done:
        record(redis_client(), task.name)


def record_beat(**_: Any) -> None:
    """In beat's own process: record each message that it sends."""
    after_task_publish.connect(_record_tick)


def _record_tick(**_: Any) -> None:
    try:
        record(redis_client(), BEAT)
    except RedisError as error:
        # The message itself was sent; beat must not stop at the sign of it.
        logger.warning("beat_not_recorded", error=type(error).__name__)


def record(redis: Redis, name: str, key: str = LAST_RUNS) -> None:
    """It did its work just now."""
    redis.eval(_RECORD, 1, key, name)


def last_runs(redis: Redis) -> dict[str, float]:
    """Seconds since each sweep did its work and since beat sent a message, by name; what never happened is left out."""
    return ages(redis, LAST_RUNS)


def ages(redis: Redis, key: str) -> dict[str, float]:
    """Seconds since each was recorded; a negative age says that Redis' clock was set back since."""
    found: Any = redis.hgetall(key)
    now = redis_time(redis)
    return {name.decode(): now - float(at) for name, at in found.items()}
