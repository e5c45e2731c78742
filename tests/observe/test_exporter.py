"""The exporter as a process, read over HTTP as Prometheus does, beside a real worker and beat."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families
from redis import Redis
from sqlalchemy import Connection, text

from escalation_client.events import encode
from escalation_client.layout import stream_name
from services.events.stream import EVENTS
from tests.events import confidence, message
from tests.processes import Processes, wait_for
from worker.embedded.ports import Port


class Exporter:
    def __init__(self, family: Processes, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/metrics"
        self.process = family.start("worker", "exporter", EXPORTER_PORT=str(port))
        wait_for(lambda: self.page() is not None, "the exporter")

    def page(self) -> str | None:
        with suppress(URLError, OSError), urlopen(self.url, timeout=20) as answer:
            body: bytes = answer.read()
            return body.decode()
        return None

    def value(self, name: str, **labels: str) -> float | None:
        page = self.page() or ""
        return next(
            (
                sample.value
                for family in text_string_to_metric_families(page)
                for sample in family.samples
                if sample.name == name and labels.items() <= sample.labels.items()
            ),
            None,
        )


@pytest.fixture
def exporter(family: Processes) -> Iterator[Exporter]:
    port = Port(None, "exporter")
    yield Exporter(family, port.number)
    del port


@pytest.fixture
def exporter_of_two(family: Processes) -> Iterator[Exporter]:
    """One that is told of two streams."""
    family.environment["EVENT_STREAMS"] = "2"
    port = Port(None, "exporter")
    yield Exporter(family, port.number)
    del port


def test_events_tickets_and_held_mail_are_counted(
    exporter: Exporter, family: Processes, redis: Redis, connection: Connection
) -> None:
    assert exporter.value("escalation_doorbell_up") == 0
    assert exporter.value("escalation_beat_age_seconds") == float("inf")
    assert exporter.value("escalation_messages_set_aside_total", queue="events") == 0
    family.worker()
    family.beat()
    redis.xadd(EVENTS, {"event": encode(confidence("s1", 0.1))})
    redis.xadd(EVENTS, {"event": encode(message("s2", "my secret words: there is smoke"))})
    redis.xadd(EVENTS, {"event": "{"})
    redis.lpush("escalation:celery:events", "no message")
    wait_for(
        lambda: exporter.value("escalation_tickets_total", reason="low_confidence", priority="medium") == 1,
        "the ticket in the metrics",
    )
    wait_for(lambda: exporter.value("escalation_rejected_events_total") == 1, "the event that was set aside")
    strange = "escalation_messages_set_aside_total"
    wait_for(lambda: exporter.value(strange, queue="events") == 1, "what was no message")
    assert exporter.value("escalation_decisions_total", type="confidence.reported", decision="escalate") == 1
    assert exporter.value("escalation_doorbell_up") == 1
    assert exporter.value("escalation_stream_lag") == 0
    assert exporter.value("escalation_tickets_unacknowledged", age="15m") == 2
    assert (exporter.value("escalation_beat_age_seconds") or 99) < 30
    wait_for(lambda: (exporter.value("escalation_mail_oldest_seconds", lane="urgent") or 0) > 0, "waiting mail")
    wait_for(lambda: (exporter.value("escalation_sweep_age_seconds", sweep="drain_events") or 99) < 30, "a sweep")


def test_each_of_several_streams_has_its_lag(exporter_of_two: Exporter, redis: Redis) -> None:
    for stream, count in ((EVENTS, 1), (stream_name(0), 2), (stream_name(1), 3), (stream_name(5), 4)):
        for number in range(count):
            redis.xadd(stream, {"event": encode(confidence(f"s{number}", 0.1))})
    wait_for(lambda: exporter_of_two.value("escalation_stream_lag") == 10, "the stream of an earlier number, too")
    streams = (stream_name(0), stream_name(1), f"{stream_name(5)} (earlier, in REDIS_URL)")
    lags = [exporter_of_two.value("escalation_lag_by_stream", stream=stream) for stream in streams]
    assert lags == [2, 3, 4]


def test_no_metric_holds_personal_data(exporter: Exporter, family: Processes, redis: Redis) -> None:
    family.worker()
    redis.xadd(EVENTS, {"event": encode(message("session-of-jane", "smoke! jane@example.com"))})
    wait_for(lambda: exporter.value("escalation_tickets_unacknowledged", age="15m") == 1, "the ticket")
    page = exporter.page() or ""
    assert [word for word in ("jane", "smoke", "example.com", "AB-20") if word in page] == []


def test_a_database_that_is_away_is_said_and_the_rest_still_told(
    exporter: Exporter, connection: Connection, redis: Redis
) -> None:
    assert exporter.value("escalation_up", part="postgresql") == 1
    connection.execute(text("ALTER SCHEMA escalation RENAME TO gone"))
    assert exporter.value("escalation_up", part="postgresql") == 0
    assert exporter.value("escalation_up", part="redis") == 1
    assert exporter.value("escalation_mails") is None
    connection.execute(text("ALTER SCHEMA gone RENAME TO escalation"))
    assert exporter.value("escalation_up", part="postgresql") == 1


def test_a_database_that_falls_silent_is_said_before_prometheus_gives_up(
    exporter: Exporter, connection: Connection
) -> None:
    assert exporter.value("escalation_up", part="postgresql") == 1
    backends = connection.execute(
        text("SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
    ).scalars()
    stopped = list(backends)
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    try:
        for _ in range(2):
            began = time.monotonic()
            assert exporter.value("escalation_up", part="postgresql") == 0
            assert time.monotonic() - began < 10, "the scrape_timeout of Prometheus"
            assert exporter.value("escalation_up", part="redis") == 1
    finally:
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)
    wait_for(lambda: exporter.value("escalation_up", part="postgresql") == 1, "what PostgreSQL tells again")
    assert exporter.value("escalation_mail_oldest_seconds", lane="urgent") == 0
