"""Alerts where no Prometheus watches: the queues' troubles become alerts, and all alerts go to a webhook."""

from celery import shared_task
from sqlalchemy import Engine

from config.settings import Settings, get_settings
from services.database.engine import begin, engine
from services.database.locks import only_one
from services.events.stream import redis_client
from services.monitoring.alerts import claim_posts, clear_alerts, note_posted, raise_alert
from services.monitoring.health import measure, troubles
from services.monitoring.webhooks import post

QUEUES = "queues"
HINT = "run python -m worker doctor, and see docs/operate.md"


@shared_task(name="escalation.post_alerts")
def post_alerts() -> str:
    """Raise or clear the alert of the queues, and post what is due."""
    settings = get_settings()
    watch_queues(settings)
    return post_due(engine(), settings)


def post_due(database: Engine, settings: Settings) -> str:
    """Post the alerts that are due, each in transactions of its own; other processes leave alone what this one has."""
    if settings.alert_webhook_url is None:
        return "webhook=unset"
    with database.begin() as connection:
        due = claim_posts(connection, settings.alert_repeat_seconds, settings.alert_per_hour)
    posted = 0
    for one in due:
        if post(settings.alert_webhook_url.get_secret_value(), one.words):
            with database.begin() as connection:
                note_posted(connection, one)
            posted += 1
    return f"due={len(due)} posted={posted}"


def watch_queues(settings: Settings) -> None:
    with begin() as connection:
        if not only_one(connection, "post_alerts"):
            return
        if found := troubles(measure(connection, redis_client()), settings):
            raise_alert(connection, QUEUES, "; ".join(found), HINT)
        else:
            clear_alerts(connection, QUEUES)
