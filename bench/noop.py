"""Celery doing nothing, one task an event: the peer of the event path (`celery -A bench.noop worker`)."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from celery import Celery
from celery.signals import worker_ready
from redis import Redis

QUEUE = "bench-noop"
MARKS = "bench:marks"
READY = "bench:ready"

app = Celery("noop", broker=os.environ.get("REDIS_URL"))
app.conf.update(
    task_ignore_result=True,
    task_default_queue=QUEUE,
    accept_content=["json"],
    task_serializer="json",
    broker_connection_retry_on_startup=True,
    worker_hijack_root_logger=False,
)


@app.task(name="bench.nothing")
def nothing(event: str) -> None:
    """The event came as argument; nothing is done with it."""


@app.task(name="bench.mark")
def mark(name: str) -> None:
    """Note the time of this task's start."""
    started = time.time()
    process_redis(os.getpid()).hset(MARKS, name, repr(started))


@lru_cache(maxsize=1)
def process_redis(process: int) -> Redis:
    return Redis.from_url(os.environ["REDIS_URL"])


@worker_ready.connect
def note_that_it_is_ready(**_: Any) -> None:
    process_redis(os.getpid()).incr(READY)


@contextmanager
def sender(queue: str = QUEUE) -> Iterator[Callable[[Any, str], None]]:
    """Sends a task with its argument; all of them over one connection."""
    with app.connection_for_write() as connection, app.amqp.Producer(connection) as producer:
        yield lambda task, argument: task.apply_async((argument,), producer=producer, queue=queue)


def ready(redis: Redis) -> int:
    """How many workers are."""
    found: Any = redis.get(READY)
    return int(found or 0)


def send(task: Any, arguments: list[str], queue: str = QUEUE) -> None:
    """Send one task for each argument."""
    with sender(queue) as send_one:
        for argument in arguments:
            send_one(task, argument)


def marks(redis: Redis) -> dict[str, float]:
    """When the marking tasks started, by their names."""
    found: Any = redis.hgetall(MARKS)
    return {name.decode(): float(value) for name, value in found.items()}
