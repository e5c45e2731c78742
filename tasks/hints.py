"""Hints: Celery messages that say "there may be work". They carry nothing, so losing one costs seconds, never data."""

import structlog
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from services.events.stream import redis_client, ring
from tasks.celery_config import app

logger = structlog.get_logger()

_QUEUE = {
    "drain_events": "events",
    "deliver_urgent": "urgent",
    "deliver_push": "urgent",
    "deliver_due": "mail",
    "listen": "listen",
}


def hint(name: str) -> None:
    """Ask for a task unless that has been asked already; when Redis is away the next sweep does the work."""
    try:
        if ring(redis_client(), name):
            app.send_task(f"escalation.{name}", queue=_QUEUE.get(name, "sweeps"), retry=False)
    except (RedisError, OperationalError) as error:
        logger.warning("hint_not_sent", task=name, error=type(error).__name__)
