"""Tells of alarms once, however many watchmen see them: through PostgreSQL, else through Redis, else each by itself."""

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
from services.monitoring.webhooks import post
from tasks.sweeps import post_due
from worker.liveness.monitor import ALARMS, Alarm, Sight

logger = structlog.get_logger()
_TOLD = "escalation:told:"
OVER, OVER_SECONDS = b"over", 60


class AlertNotifier:
    """Posts to the webhook, if there is one; an alert is in the log in any case."""

    def __init__(self, engine: Engine, redis: Redis, settings: Settings) -> None:
        self.engine, self.redis, self.settings = engine, redis, settings
        self.told: dict[str, float] = {}

    def tell(self, sight: Sight) -> None:
        if "postgresql" in sight.alarms or not self.tell_in_postgresql(sight):
            self.tell_without_postgresql(sight.alarms)
        self.tell_what_is_over(sight.well)

    def tell_in_postgresql(self, sight: Sight) -> bool:
        """Where `status` shows it and any process posts it; False when PostgreSQL or its table is away."""
        try:
            with self.engine.begin() as connection:
                for key, alarm in sight.alarms.items():
                    raise_alert(connection, key, alarm.summary, alarm.hint)
                clear_alerts(connection, *sight.well)
            post_due(self.engine, self.settings)
        except DBAPIError:
            return False
        return True

    def tell_without_postgresql(self, alarms: dict[str, Alarm]) -> None:
        for key, alarm in alarms.items():
            if self.is_mine(key):
                logger.error("alert_raised", key=key, summary=alarm.summary, hint=alarm.hint)
                if not self.post(key, alarm, is_over=False):
                    self.forget(key)

    def tell_what_is_over(self, well: set[str]) -> None:
        """Of what was told without PostgreSQL; the rest is in its table."""
        for key in well & ALARMS.keys():
            if self.was_told(key):
                logger.info("alert_cleared", key=key)
                self.post(key, ALARMS[key], is_over=True)

    def post(self, key: str, alarm: Alarm, *, is_over: bool) -> bool:
        """False when it is to be tried again."""
        url = self.settings.alert_webhook_url
        words = Post(0, key, alarm.summary, alarm.hint, is_over).words
        return url is None or post(url.get_secret_value(), words)

    def is_mine(self, key: str) -> bool:
        """Whether to tell it is this watchman's: nobody did, or long ago."""
        seconds = self.settings.alert_repeat_seconds
        now = time.monotonic()
        try:
            first = bool(self.redis.set(_TOLD + key, 1, nx=True, ex=int(seconds)))
        except RedisError:
            first = now - self.told.get(key, now - seconds) >= seconds
        if first:
            self.told[key] = now
        return first

    def was_told(self, key: str) -> bool:
        """Whether it was told and this watchman is the first to forget it."""
        mine = self.told.pop(key, None) is not None
        try:
            # Remembered for a moment: another watchman may still be about to say that it has begun.
            before: Any = self.redis.set(_TOLD + key, OVER, xx=True, get=True, ex=OVER_SECONDS)
            return mine if before is None else bool(before != OVER)
        except RedisError:
            return mine

    def forget(self, key: str) -> None:
        """It could not be posted: whoever looks next tries again."""
        self.told.pop(key, None)
        with suppress(RedisError):
            self.redis.delete(_TOLD + key)
