"""The task that sends push messages. Each message of Celery is a hint only; the outbox says what is to be done."""

import structlog
from celery import shared_task
from sqlalchemy.exc import DBAPIError

from config.settings import get_settings
from services.database.errors import DatabaseFailure, classify_failure
from services.delivery.record import LeaseLost
from services.events.rings import answer_ring
from services.events.stream import redis_client
from tasks.delivery.push import deliver_pushes
from tasks.hints import hint
from tasks.mail import summary

logger = structlog.get_logger()

# Above the longest answer of a service and the time in which a run claims; the lease is longer still.
_HARD_LIMIT_SECONDS = 420


@shared_task(name="escalation.deliver_push", time_limit=_HARD_LIMIT_SECONDS)
def deliver_push() -> str:
    """Send the push messages that are due."""
    answer_ring(redis_client(), "deliver_push")
    try:
        tally = deliver_pushes(get_settings())
    except LeaseLost:
        logger.warning("push_lease_lost")
        return "lease=lost"
    except DBAPIError as error:
        if classify_failure(error) is DatabaseFailure.CONTENT:
            raise
        logger.warning("push_waits_for_postgresql", error=type(error.orig).__name__)
        return "postgresql=away"
    if tally.pop("more", 0):
        hint("deliver_push")
    if tally["accepted"]:
        hint("relay_outcomes")
    return summary(tally)
