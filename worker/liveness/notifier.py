"""Raises each alarm once, however many monitors see it: through PostgreSQL, else through Redis, else each by itself."""

import time
from contextlib import suppress
from typing import Any

import structlog
from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from config.settings import Settings
from services.monitoring.alerts import Post, clear_alerts, raise_alert
from tasks.sweeps import post_due
from worker.liveness.monitor import ALARMS, Alarm, Observation

logger = structlog.get_logger()
_RAISED = "escalation:told:"
OVER, OVER_SECONDS = b"over", 60


class AlertNotifier:
    """Posts to the webhook, if there is one; an alert is in the log in any case."""

    def __init__(self, engine: Engine, redis: Redis, settings: Settings) -> None:
        self.engine, self.redis, self.settings = engine, redis, settings
        self.raised: dict[str, float] = {}

    def notify(self, observation: Observation) -> None:
        if {"postgresql", "postgresql_writes"} & observation.alarms.keys() or not self.notify_in_postgresql(
            observation
        ):
            self.notify_without_postgresql(observation.alarms)
        self.notify_recovery(observation.well)

    def notify_in_postgresql(self, observation: Observation) -> bool:
        """Where `status` shows it and any process posts it; False when PostgreSQL or its table is away."""
        try:
            with self.engine.begin() as connection:
                for key, alarm in observation.alarms.items():
                    raise_alert(connection, key, alarm.summary, alarm.hint)
                clear_alerts(connection, *observation.well)
            post_due(self.engine, self.settings)
        except DBAPIError:
            return False
        return True

    def notify_without_postgresql(self, alarms: dict[str, Alarm]) -> None:
        for key, alarm in alarms.items():
            if self.claim(key):
                logger.error("alert_raised", key=key, summary=alarm.summary, hint=alarm.hint)
                if not self.post(key, alarm, is_over=False):
                    self.forget(key)

    def notify_recovery(self, well: set[str]) -> None:
        """Announce the end of alarms that were raised without PostgreSQL; the others are in its table."""
        for key in well & ALARMS.keys():
            if self.take_over_recovery(key):
                logger.info("alert_cleared", key=key)
                self.post(key, ALARMS[key], is_over=True)

    def post(self, key: str, alarm: Alarm, *, is_over: bool) -> bool:
        """False when it is to be tried again."""
        url = self.settings.alert_webhook_url
        if url is None:
            return True
        # Here: requests takes 4 MB, and most processes never post.
        from services.monitoring.webhooks import post

        return post(url.get_secret_value(), Post(0, key, alarm.summary, alarm.hint, is_over).words)

    def claim(self, key: str) -> bool:
        """Whether this monitor raises the alarm: no other did within the repeat time."""
        seconds = self.settings.alert_repeat_seconds
        now = time.monotonic()
        try:
            first = bool(self.redis.set(_RAISED + key, 1, nx=True, ex=int(seconds)))
        except RedisError:
            first = now - self.raised.get(key, now - seconds) >= seconds
        if first:
            self.raised[key] = now
        return first

    def take_over_recovery(self, key: str) -> bool:
        """Whether the alarm was raised and this monitor is the first to announce its end."""
        mine = self.raised.pop(key, None) is not None
        try:
            # Kept for a minute: another monitor may still be about to raise the alarm.
            before: Any = self.redis.set(_RAISED + key, OVER, xx=True, get=True, ex=OVER_SECONDS)
            return mine if before is None else bool(before != OVER)
        except RedisError:
            return mine

    def forget(self, key: str) -> None:
        """It could not be posted: the next monitor tries again."""
        self.raised.pop(key, None)
        with suppress(RedisError):
            self.redis.delete(_RAISED + key)
