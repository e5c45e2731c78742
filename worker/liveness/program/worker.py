"""A worker's signs of life: its consumer's loop, while it waits for Redis too, and its children."""

import time
from typing import Any

import structlog
from celery import bootsteps
from celery.worker.consumer import Consumer
from celery.worker.state import maybe_shutdown

from config.settings import get_settings
from services.transports.base import described
from worker.liveness.program.children import Children, give_signs
from worker.liveness.program.report import WELL
from worker.liveness.program.signs import LOOP, SIGNS
from worker.liveness.program.watch import start_watch

logger = structlog.get_logger()

# A worker that is told to stop finishes what it has begun: a slow mail server may take two minutes for the final dot.
_STOPPING_SECONDS = 180.0
_RETRY_SECONDS = 0.5
# So long after the first of some events about tasks Flower is told of them.
_EVENTS_SECONDS = 0.05


class LivingConsumer(Consumer):
    """Celery's, which shows that its loop turns, or that it tries to reach Redis, and starts tasks before it tells."""

    # Celery's own.
    hub: Any
    _flush_events_promise: Any
    _tells_at = 0.0

    def on_send_event_buffered(self) -> None:  # type: ignore[override]  # its stub names an attribute
        """Tell of tasks a moment later: at once, as Celery does, takes a round trip before the task is with its child.

        A loop that begins anew forgets what was to come: the next event asks for it again.
        """
        now = time.monotonic()
        if self.hub and now > self._tells_at:
            self._tells_at = now + _EVENTS_SECONDS
            self.hub.call_later(_EVENTS_SECONDS, self._flush_events_promise)

    def register_with_event_loop(self, hub: Any) -> None:
        super().register_with_event_loop(hub)
        hub.call_repeatedly(1.0, SIGNS.seen, LOOP)

    def ensure_connected(self, conn: Any) -> Any:
        """As Celery's own with our settings, by which it tries for ever."""

        def failed(error: Exception, seconds: float) -> None:
            logger.error("worker_waits_for_redis", error=described(error), again_in_seconds=seconds)

        connected = conn.ensure_connection(failed, self.app.conf.broker_connection_max_retries, callback=_still_here)
        self.first_connection_attempt = False
        return connected

    def on_connection_error_before_connected(self, exc: Exception) -> None:
        """Redis answers and refuses, such as one that is full: it tries again, and not as fast as it can."""
        SIGNS.seen(LOOP)
        super().on_connection_error_before_connected(exc)
        time.sleep(_RETRY_SECONDS)

    def on_connection_error_after_connected(self, exc: Exception) -> None:
        SIGNS.seen(LOOP)
        super().on_connection_error_after_connected(exc)
        time.sleep(_RETRY_SECONDS)


def _still_here() -> None:
    """Before each try and each second in between."""
    SIGNS.seen(LOOP)
    maybe_shutdown()


class ProgramWatchStep(bootsteps.StartStopStep):
    """Watches the loop and the children as long as the worker runs."""

    requires = ("celery.worker.components:Pool",)

    def start(self, parent: Any) -> None:
        limit = get_settings().liveness_seconds
        SIGNS.expect(LOOP, limit)
        children = Children(parent.pool, limit)

        def look() -> str:
            children.kill_silent()
            return WELL

        start_watch(look, children.renew, children.kill_all)

    def close(self, parent: Any) -> None:
        SIGNS.expect(LOOP, max(_STOPPING_SECONDS, get_settings().liveness_seconds))


def sign_of_child(**_: Any) -> None:
    """In a child that has just been forked."""
    give_signs()
