"""When each sweep last ran and when beat last sent a message, kept in Redis."""

import time
from typing import Any

from celery import Celery
from celery.signals import after_task_publish
from redis import Redis

from services.events.stream import redis_client
from worker.schedule import SECONDS_BETWEEN

LAST_RUNS = "escalation:last_runs"
BEAT = "beat"
PING_SECONDS = 2.0


def record_sweep(task: Any = None, **_: Any) -> None:
    """Record that a sweep ended."""
    if task is not None and task.name in SECONDS_BETWEEN:
        redis_client().hset(LAST_RUNS, task.name, f"{time.time():.3f}")


def record_beat(**_: Any) -> None:
    """In beat's own process: record each message that it sends."""
    after_task_publish.connect(_record_tick)


def _record_tick(**_: Any) -> None:
    redis_client().hset(LAST_RUNS, BEAT, f"{time.time():.3f}")


def last_runs(redis: Redis) -> dict[str, float]:
    """Seconds since each sweep ended and since beat sent a hint, by name; what never happened is left out."""
    now = time.time()
    found: Any = redis.hgetall(LAST_RUNS)
    return {name.decode(): max(0.0, now - float(at)) for name, at in found.items()}


def nodes(app: Celery, names: list[str] | None = None, seconds: float = PING_SECONDS) -> list[str]:
    """The names of the workers and beats that answer a ping through the broker.

    :raises kombu.exceptions.OperationalError: the broker cannot be reached
    """
    replies = app.control.ping(destination=names, timeout=seconds, limit=len(names) if names else None) or []
    return sorted(name for reply in replies for name in reply)


def consumers(app: Celery, seconds: float = PING_SECONDS) -> dict[str, list[str]]:
    """The names of the workers that answer, by each queue that they consume.

    :raises kombu.exceptions.OperationalError: the broker cannot be reached
    """
    found: dict[str, list[str]] = {}
    for name, queues in (app.control.inspect(timeout=seconds).active_queues() or {}).items():
        for queue in queues:
            found.setdefault(queue["name"], []).append(name)
    return found
