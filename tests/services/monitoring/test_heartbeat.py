"""The heartbeat is a promise: it is only sent when a reconciliation found nothing at all."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from sqlalchemy import Connection

from config.settings import get_settings
from services.installation import Installation, get_installation
from tasks import follow_up
from tests.services.tickets.conftest import Opened, by_sql


class Counting(BaseHTTPRequestHandler):
    beats = 0

    def do_GET(self) -> None:
        Counting.beats += 1
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """The test's output stays quiet."""


@pytest.fixture
def monitoring(monkeypatch: pytest.MonkeyPatch, installation: Installation) -> Iterator[type[Counting]]:
    """A monitoring service that counts its calls."""
    Counting.beats = 0
    with HTTPServer(("127.0.0.1", 0), Counting) as server:
        monkeypatch.setenv("HEARTBEAT_URL", f"http://127.0.0.1:{server.server_port}/secret")
        get_settings.cache_clear()
        get_installation.cache_clear()
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield Counting
        server.shutdown()
        thread.join()


def test_the_heartbeat_is_sent_only_when_all_is_clean(
    monitoring: type[Counting], opened: Opened, connection: Connection
) -> None:
    opened()
    assert follow_up.reconcile_all() == "clean heartbeat=sent"
    assert monitoring.beats == 1
    by_sql(connection, "DELETE FROM escalation.mails")
    by_sql(connection, "UPDATE escalation.tickets SET opened_at = opened_at - interval '2 minutes'")
    by_sql(connection, "UPDATE escalation.settings SET value = jsonb_build_object('at', now() - interval '1 day')")
    assert follow_up.reconcile_all() == "unmailed_tickets=1/1 heartbeat=withheld"
    assert monitoring.beats == 1
    by_sql(connection, "UPDATE escalation.mail_recipients SET state = 'refused'")
    with pytest.raises(
        follow_up.ReconcileIncomplete, match="unmailed_tickets=0/1: see python -m worker reconcile --dry-run"
    ):
        follow_up.reconcile_all()
    assert monitoring.beats == 1
