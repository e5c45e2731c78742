"""Signs of life: when each sweep last ran and when beat last rang, kept in Redis for whoever asks how things are."""

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


def note_the_run(task: Any = None, **_: Any) -> None:
    """A sweep has ended, well or not."""
    if task is not None and task.name in SECONDS_BETWEEN:
        redis_client().hset(LAST_RUNS, task.name, f"{time.time():.3f}")


def note_what_beat_sends(**_: Any) -> None:
    """Only in beat's own process: every hint that it sends is its sign of life."""
    after_task_publish.connect(_note_the_tick)


def _note_the_tick(**_: Any) -> None:
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
