"""Serves the metrics until the program is told to stop."""

import signal
import threading
from types import FrameType

from prometheus_client import CollectorRegistry, start_http_server

from config.settings import Settings
from services.database.engine import engine
from services.events.stream import connect
from worker.exporter.collector import EscalationCollector
from worker.liveness.program.page import watch_page

# Answered without a reading of the database (prometheus_client.make_wsgi_app).
_ICON = "/favicon.ico"


def serve(settings: Settings) -> None:
    """Listen at EXPORTER_ADDRESS and EXPORTER_PORT until SIGTERM or SIGINT.

    :raises OSError: the address cannot be listened at
    """
    redis = connect(settings.redis_url.get_secret_value())
    registry = CollectorRegistry(auto_describe=False)
    registry.register(EscalationCollector(engine().execution_options(postgresql_readonly=True), redis))
    server, thread = start_http_server(settings.exporter_port, settings.exporter_address, registry)
    watch_page(settings.exporter_address, settings.exporter_port, _ICON)
    _wait_for_the_end()
    server.shutdown()
    server.server_close()
    thread.join()
    redis.close()


def _wait_for_the_end() -> None:
    ended = threading.Event()

    def end(_: int, __: FrameType | None) -> None:
        ended.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    ended.wait()
