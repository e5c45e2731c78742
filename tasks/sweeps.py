"""Sweeps: what beat rings for, so that nothing depends on a hint. Each has a limit and does no harm when run twice."""

from celery import shared_task

from config.settings import get_settings
from services.database.engine import begin
from services.database.locks import only_one
from services.events.stream import answer_ring, redis_client
from services.events.trimming import trim
from services.monitoring.health import measure, troubles
from services.outbox.outcomes import relay

RELAY_LIMIT = 500


class QueueTrouble(Exception):
    """A limit of the queues is passed; the text says which, so that Flower shows it in red."""


@shared_task(name="escalation.relay_outcomes")
def relay_outcomes() -> str:
    """Publish outcomes that wait in the outbox."""
    redis = redis_client()
    answer_ring(redis, "relay_outcomes")
    published = 0
    with begin() as connection:
        if only_one(connection, "relay_outcomes"):
            while batch := relay(connection, redis, RELAY_LIMIT, get_settings().outcomes_keep):
                published += batch
    return f"published={published}"


@shared_task(name="escalation.queue_health")
def queue_health() -> str:
    """How the queues are; fails when a limit is passed.

    :raises QueueTrouble: which limit, the value and the limit
    """
    with begin() as connection:
        health = measure(connection, redis_client())
    if found := troubles(health, get_settings()):
        raise QueueTrouble(f"{'; '.join(found)} ({health.summary()})")
    return health.summary()


@shared_task(name="escalation.trim_streams")
def trim_streams() -> str:
    """Forget stream entries that every group has finished, except those of the last hour."""
    return f"trimmed={trim(redis_client(), get_settings().stream_keep_seconds)}"
