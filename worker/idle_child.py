"""Starts a task in a child of this worker that has nothing to do, past Celery's list in Redis.

A message takes three round trips, two of them to Redis' disk, until it is with a child. What starts here can be lost as
a message can: with its worker, and then the next sweep does the work.
"""

from typing import Any, Final

import structlog
from celery.worker import state
from kombu.transport.virtual import Message
from kombu.utils.json import loads
from redis.exceptions import RedisError

from services.events.rings import Ring
from services.events.stream import redis_client
from tasks.hints import rings

logger = structlog.get_logger()

_QUEUES: Final = {"drain_events": "events"}


class _OwnMessage(Message):
    """A hint that lies in no list: Redis need not be told what became of it."""

    def ack(self, *_: Any, **__: Any) -> None:
        """It is with a child."""

    def reject(self, *_: Any, **__: Any) -> None:
        """The next sweep does the work."""


class IdleChild:
    """The children of a worker, as far as one of them is idle."""

    def __init__(self, worker: Any) -> None:
        self._worker = worker

    def may_start(self, name: str) -> bool:
        """Whether this worker takes such a task and has a child for it now; any thread may ask."""
        consumer = getattr(self._worker, "consumer", None)
        # It is taken away while Redis is lost, at any moment.
        tasks = getattr(consumer, "task_consumer", None)
        if consumer is None or consumer.hub is None or tasks is None or name not in _QUEUES:
            return False
        # Celery keeps the exit code there, which is 0 when all is well.
        ends: tuple[Any, ...] = (state.should_stop, state.should_terminate)
        goes_on = all(end is None or end is False for end in ends)
        is_idle = len(state.reserved_requests) < self._worker.pool.num_processes
        has_queue: bool = tasks.consuming_from(_QUEUES[name])
        return is_idle and has_queue and goes_on

    def start(self, name: str) -> None:
        """Have the worker's loop start the task; any thread may ask."""
        (ring,) = rings(name)
        self._worker.consumer.hub.call_soon(self._start, ring)

    def _start(self, ring: Ring) -> None:
        """In the loop. What has lost its child to another task meanwhile is for whoever has one first."""
        if self.may_start(ring.name):
            consumer = self._worker.consumer.task_consumer
            consumer.on_message(_OwnMessage(loads(ring.message), channel=consumer.channel))
            return
        try:
            redis_client().lpush(ring.list_key, ring.message)
        except RedisError as error:
            logger.warning("hint_not_sent", tasks=[ring.name], error=type(error).__name__)
