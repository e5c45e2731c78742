"""Runs the liveness monitor in each worker and in beat."""

import threading
from typing import Any

from celery import bootsteps

from config.settings import get_settings
from services.database.engine import make_engine
from services.events.stream import connect
from worker.liveness.databases import DatabaseWatch
from worker.liveness.monitor import LivenessMonitor
from worker.liveness.notifier import AlertNotifier

_LONGEST_PAUSE_SECONDS = 15.0


class LivenessStep(bootsteps.StartStopStep):
    """Runs as long as the worker runs, with or without its broker."""

    requires = ("celery.worker.components:Pool",)

    def __init__(self, parent: Any, **options: Any) -> None:
        super().__init__(parent, **options)
        self.stopping = threading.Event()

    def start(self, parent: Any) -> None:
        _start_monitoring(self.stopping)

    def stop(self, parent: Any) -> None:
        self.stopping.set()


def monitor_beside_beat(**_: Any) -> None:
    """Until beat's process ends."""
    _start_monitoring(threading.Event())


def _start_monitoring(stopping: threading.Event) -> None:
    threading.Thread(target=_monitor, args=(stopping,), name="liveness-monitor", daemon=True).start()


def _monitor(stopping: threading.Event) -> None:
    """Observe and notify until stopped; with connections of its own, since a child may be forked at any moment."""
    settings = get_settings()
    engine = make_engine(settings)
    redis = connect(settings.redis_url.get_secret_value())
    monitor = LivenessMonitor(engine, redis, settings.alert_after_seconds)
    notifier, databases = AlertNotifier(engine, redis, settings), DatabaseWatch(engine, redis)
    pause = min(_LONGEST_PAUSE_SECONDS, settings.alert_after_seconds / 4)
    while not stopping.wait(pause):
        notifier.notify(monitor.observe())
        databases.look()
        engine.dispose()
    redis.close()
