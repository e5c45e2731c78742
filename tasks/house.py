"""Keeps house: forgets what is older than the policy says."""

from celery import shared_task

from config.settings import get_settings
from services.database.engine import begin, engine
from services.database.locks import only_one
from services.privacy.retention import keep

SECONDS = 60.0


@shared_task(name="escalation.keep_house")
def keep_house() -> str:
    """At most a minute of small steps; the next hour goes on where this one ended."""
    with begin() as connection:
        if not only_one(connection, "keep_house"):
            return "busy"
        done = keep(engine(), get_settings(), SECONDS)
    return " ".join(f"{name.replace(' ', '_')}={count}" for name, count in done.items() if count) or "idle"
