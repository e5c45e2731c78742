"""Beat's sign of life, and its lock: of two beats only one rings, and the other is there when it is gone."""

import socket
import time
from typing import Any

import structlog
from redis.exceptions import RedisError

from config.settings import get_settings
from services.events.stream import redis_client
from services.transports.base import described
from worker.beat_scheduler import MonotonicScheduler
from worker.liveness.program.signs import CLOCK, SIGNS
from worker.liveness.program.watch import start_watch

logger = structlog.get_logger()

_LOCK = "escalation:beat"
# Longer than beat ever sleeps, which rings every few seconds.
_LOCK_SECONDS = 15
_WAIT_SECONDS = 2.0
# It asks again long before the lock is gone.
_SURE_SECONDS = 5.0


class LivingScheduler(MonotonicScheduler):
    """Celery's, in memory. Beat's node is the host, so one that was killed has its lock back at once."""

    rings = True
    sure_until = 0.0

    def tick(self, *arguments: Any, **named: Any) -> float:
        """Ring for what is due, and return the seconds until something is due again."""
        SIGNS.seen(CLOCK)
        if not self.has_the_lock():
            return _WAIT_SECONDS
        return float(super().tick(*arguments, **named))

    def apply_entry(self, entry: Any, producer: Any = None) -> None:
        """Send one hint; where Redis hangs, each takes its time, and all together take long."""
        SIGNS.seen(CLOCK)
        super().apply_entry(entry, producer)

    def has_the_lock(self) -> bool:
        """Also where Redis cannot say: two beats do no harm, none would."""
        if time.monotonic() < self.sure_until:
            return self.rings
        try:
            rings = _take(socket.gethostname())
        except RedisError:
            rings = True
        self.sure_until = time.monotonic() + (_SURE_SECONDS if rings else 0.0)
        if rings != self.rings:
            self.rings = rings
            logger.info("beat_rings" if rings else "another_beat_rings")
        return rings

    def _ensure_connected(self) -> Any:
        """As Celery's own, which tries for ever; each try is a sign of life."""

        def failed(error: Exception, seconds: float) -> None:
            logger.error("beat_waits_for_redis", error=described(error), again_in_seconds=seconds)

        return self.connection.ensure_connection(
            failed, self.app.conf.broker_connection_max_retries, callback=lambda: SIGNS.seen(CLOCK)
        )

    def close(self) -> None:
        super().close()
        try:
            _give_up(socket.gethostname())
        except RedisError as error:
            logger.warning("beat_keeps_its_lock", error=type(error).__name__)


def _take(me: str) -> bool:
    """Take the lock, or keep it for another while."""
    redis = redis_client()
    if redis.set(_LOCK, me, nx=True, ex=_LOCK_SECONDS):
        return True
    if redis.get(_LOCK) != me.encode():
        return False
    redis.expire(_LOCK, _LOCK_SECONDS)
    return True


def _give_up(me: str) -> None:
    redis = redis_client()
    if redis.get(_LOCK) == me.encode():
        redis.delete(_LOCK)


def watch_beat(**_: Any) -> None:
    """In beat's process, when it starts."""
    SIGNS.expect(CLOCK, get_settings().liveness_seconds)
    start_watch()
