"""Alerts: somebody has to be told, and the webhook has to take them."""

from collections.abc import Iterator

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from config.settings import Settings
from services.database import engine
from worker.doctor.finding import Finding, Part

PART = Part("alerts")
UNPOSTED = text("""
    SELECT count(*) FROM escalation.alerts
    WHERE cleared_at IS NULL AND posted_at IS NULL AND tried_at < clock_timestamp() - interval '15 seconds'
""")


def check(settings: Settings) -> Iterator[Finding]:
    tried = "look who is told when something breaks"
    if settings.alert_webhook_url is None and settings.heartbeat_url is None:
        remedy = "Set ALERT_WEBHOOK_URL and HEARTBEAT_URL (docs/operate.md)."
        yield PART.note(tried, "nobody, unless a Prometheus reads the exporter", remedy)
    if settings.alert_webhook_url is not None:
        yield from posts()


def posts() -> Iterator[Finding]:
    tried = "look whether the webhook took the alerts"
    try:
        with engine().connect() as connection:
            unposted = connection.execute(UNPOSTED).scalar_one()
    except DBAPIError:
        yield PART.unknown(tried, "PostgreSQL does not answer", "See postgresql above.")
        return
    if unposted:
        remedy = "Check ALERT_WEBHOOK_URL; the worker's log says webhook_refused or webhook_failed."
        yield PART.broken(tried, f"{unposted} open alerts could not be posted", remedy)
    else:
        yield PART.ok(tried, "it took all of them")
