"""Celery doing nothing, one task an event: the peer of the event path (`celery -A bench.noop worker`)."""

import os
import time
from typing import Any

from celery import Celery
from redis import Redis

QUEUE = "bench-noop"
MARKS = "bench:marks"

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
    with Redis.from_url(os.environ["REDIS_URL"]) as redis:
        redis.hset(MARKS, name, repr(time.time()))


def send(task: Any, arguments: list[str]) -> None:
    """Send one task for each argument, over one connection."""
    with app.connection_for_write() as connection, app.amqp.Producer(connection) as producer:
        for argument in arguments:
            task.apply_async((argument,), producer=producer)
