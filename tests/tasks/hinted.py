"""Events that open tickets, and the hints that wait in Celery's queues."""

from typing import Any

from redis import Redis

from escalation_client.events import encode
from services.events.stream import EVENTS
from tasks.celery_config import KEY_PREFIX
from tests.events import confidence


def rung_for(redis: Redis, queue: str) -> int:
    """How many hints wait in a queue."""
    waiting: Any = redis.llen(KEY_PREFIX + queue)
    return int(waiting)


def publish(redis: Redis, *sessions: str) -> None:
    for session in sessions:
        redis.xadd(EVENTS, {"event": encode(confidence(session, 0.1))})
