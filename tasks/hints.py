"""Hints: Celery messages that say "there may be work". They carry nothing, so losing one costs seconds, never data."""

import os
from functools import lru_cache
from typing import Final
from uuid import uuid4

import structlog
from kombu.serialization import dumps as serialize
from kombu.transport.virtual.base import Base64
from kombu.utils.json import dumps
from redis.exceptions import RedisError

from services.events.rings import Ring, ring
from services.events.stream import redis_client
from tasks.celery_config import KEY_PREFIX, app

logger = structlog.get_logger()

_QUEUE = {
    "drain_events": "events",
    "deliver_urgent": "urgent",
    "deliver_push": "urgent",
    "deliver_due": "mail",
    "listen": "listen",
}


_PERSISTENT: Final = 2


def hint(*names: str) -> None:
    """Ask for tasks unless that has been asked already; when Redis is away the next sweep does the work."""
    if not names:
        return
    try:
        ring(redis_client(), rings(*names))
    except RedisError as error:
        logger.warning("hint_not_sent", tasks=names, error=type(error).__name__)


def rings(*names: str) -> list[Ring]:
    """The hints for these tasks."""
    return [_ring(name) for name in names]


def _ring(name: str) -> Ring:
    """The message that `app.send_task` would put into the queue's list, with an id of its own."""
    queue, message = _QUEUE.get(name, "sweeps"), _form_of(name, os.getpid())
    return Ring(name, KEY_PREFIX + queue, message.replace(_ID, str(uuid4())))


_ID: Final = "00000000-0000-0000-0000-000000000000"


@lru_cache(maxsize=32)
def _form_of(name: str, _process: int) -> str:
    """A hint as JSON, with _ID where each has its own; Celery names the process in it.

    Sending it by kombu takes three round trips and most of a millisecond; the form is that of Celery's message protocol
    2 within the envelope of kombu's virtual transports. The exchange without a name leads to the queue itself.
    """
    queue = _QUEUE.get(name, "sweeps")
    task = app.amqp.as_task_v2(_ID, f"escalation.{name}", ignore_result=None)  # type: ignore[arg-type]  # as send_task
    content_type, encoding, body = serialize(task.body, serializer="json")
    properties = {
        **task.properties,
        "delivery_mode": _PERSISTENT,
        "delivery_info": {"exchange": "", "routing_key": queue},
        "priority": 0,
        "body_encoding": "base64",
        "delivery_tag": _ID,
    }
    message = {
        "body": Base64().encode(body),
        "content-type": content_type,
        "content-encoding": encoding,
        "headers": task.headers,
        "properties": properties,
    }
    return dumps(message)
