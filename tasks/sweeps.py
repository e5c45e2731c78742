"""Sweeps: what beat rings for, so that nothing depends on a hint. Each has a limit and does no harm when run twice."""

from celery import shared_task
from sqlalchemy import Engine

from config.settings import Settings, get_settings
from services.database.engine import begin, engine, only_one
from services.events.rings import answer_ring
from services.events.stream import redis_client
from services.events.trimming import trim
from services.monitoring.alerts import claim_posts, clear_alerts, note_posted, raise_alert
from services.monitoring.health import exceeded_limits, measure
from services.outbox.outcomes import relay
from services.privacy.retention import keep

_RELAY_LIMIT = 500


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
            while batch := relay(connection, redis, _RELAY_LIMIT, get_settings().outcomes_keep):
                published += batch
    return f"published={published}"


@shared_task(name="escalation.queue_health")
def queue_health() -> str:
    """How the queues are; fails when a limit is passed.

    :raises QueueTrouble: which limit, the value and the limit
    """
    with begin() as connection:
        health = measure(connection, redis_client())
    if found := exceeded_limits(health, get_settings()):
        raise QueueTrouble(f"{'; '.join(found)} ({health.summary()})")
    return health.summary()


@shared_task(name="escalation.trim_streams")
def trim_streams() -> str:
    """Forget stream entries that every group has finished, except those of the last hour."""
    return f"trimmed={trim(redis_client(), get_settings().stream_keep_seconds)}"


_QUEUES = "queues"
_HINT = "run python -m worker doctor, and see docs/operate.md"


@shared_task(name="escalation.post_alerts")
def post_alerts() -> str:
    """Raise or clear the alert of the queues, and post what is due."""
    settings = get_settings()
    _watch_queues(settings)
    return post_due(engine(), settings)


def post_due(database: Engine, settings: Settings) -> str:
    """Post the alerts that are due, each in transactions of its own; other processes leave alone what this one has."""
    if settings.alert_webhook_url is None:
        return "webhook=unset"
    # Here: requests takes 4 MB, and most processes never post.
    from services.monitoring.webhooks import post

    with database.begin() as connection:
        due = claim_posts(connection, settings.alert_repeat_seconds, settings.alert_per_hour)
    posted = 0
    for alert in due:
        if post(settings.alert_webhook_url.get_secret_value(), alert.words):
            with database.begin() as connection:
                note_posted(connection, alert)
            posted += 1
    return f"due={len(due)} posted={posted}"


def _watch_queues(settings: Settings) -> None:
    with begin() as connection:
        if not only_one(connection, "post_alerts"):
            return
        if found := exceeded_limits(measure(connection, redis_client()), settings):
            raise_alert(connection, _QUEUES, "; ".join(found), _HINT)
        else:
            clear_alerts(connection, _QUEUES)


_SECONDS = 60.0


@shared_task(name="escalation.keep_house")
def keep_house() -> str:
    """At most a minute of small steps; the next hour goes on where this one ended."""
    with begin() as connection:
        if not only_one(connection, "keep_house"):
            return "busy"
        done = keep(engine(), get_settings(), _SECONDS)
    return " ".join(f"{name.replace(' ', '_')}={count}" for name, count in done.items() if count) or "idle"
