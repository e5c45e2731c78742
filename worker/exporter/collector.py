"""Reads PostgreSQL and Redis when Prometheus asks; what cannot be read is left out and `escalation_up` is 0."""

import math
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future

import structlog
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector
from redis import Redis
from redis.exceptions import NoPermissionError, RedisError
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoFreeConnection

from services.events.layout import event_streams
from services.monitoring.health import measure_each_stream, sum_up
from services.monitoring.metrics import State, state
from worker.celery_guards.messages import messages_set_aside
from worker.exporter.counted import Counted
from worker.liveness.last_seen import BEAT, last_runs
from worker.liveness.program.signs import SIGN_OF_LIFE
from worker.schedule import SECONDS_BETWEEN

logger = structlog.get_logger()
_LANES = ("urgent", "normal")
# Prometheus asks no longer than 10 s (scrape_timeout); both parts are read one after the other.
_LONGEST_READ_SECONDS = 4.0


class _Reader:
    """Reads a part in a thread: a server that falls silent keeps nobody from what the other one tells."""

    def __init__(self, read: Callable[[], Iterator[Metric]]) -> None:
        self.read = read
        self.running: Future[list[Metric]] = Future()
        self.running.set_result([])

    def metrics(self) -> list[Metric]:
        """What a reading found that began now.

        :raises TimeoutError: it takes too long, or an earlier one has not ended
        """
        if self.running.done():
            self.running = Future()
            threading.Thread(target=self._run, args=(self.running,), daemon=True).start()
            return self.running.result(_LONGEST_READ_SECONDS)
        raise TimeoutError

    def _run(self, running: Future[list[Metric]]) -> None:
        try:
            running.set_result(list(self.read()))
        except Exception as error:
            running.set_exception(error)


class EscalationCollector(Collector):
    """One reading at a time, however many ask."""

    def __init__(self, engine: Engine, redis: Redis) -> None:
        self.engine, self.redis = engine, redis
        self.readers = {"postgresql": _Reader(self.database), "redis": _Reader(self.broker)}
        self.counted = Counted()
        self.lock = threading.Lock()
        self.began = time.time()

    def collect(self) -> Iterable[Metric]:
        with self.lock:
            up = GaugeMetricFamily("escalation_up", "Whether the exporter reaches it", labels=["part"])
            metrics = [metric for part in self.readers for metric in self.guarded(part, up)]
            return [up, *metrics]

    def guarded(self, part: str, up: GaugeMetricFamily) -> list[Metric]:
        try:
            found = self.readers[part].metrics()
        except (DBAPIError, NoFreeConnection, TimeoutError, RedisError) as error:
            logger.warning("exporter_cannot_read", part=part, error=type(error).__name__)
            up.add_metric([part], 0)
            return []
        up.add_metric([part], 1)
        return found

    def database(self) -> Iterator[Metric]:
        with self.engine.connect() as connection:
            now = state(connection)
            self.counted.read(connection)
        yield from _gauges(now)
        for metric in self.counted.metrics:
            yield from metric.collect()

    def broker(self) -> Iterator[Metric]:
        states = measure_each_stream(self.redis)
        lag, pending, oldest = sum_up(states.values())
        yield GaugeMetricFamily("escalation_stream_lag", "Entries of all event streams not read yet", lag)
        yield GaugeMetricFamily("escalation_stream_pending", "Entries read and not finished", pending)
        yield GaugeMetricFamily("escalation_oldest_event_seconds", "Age of the oldest undecided event", oldest)
        lags = GaugeMetricFamily("escalation_lag_by_stream", "Entries of one stream not read yet", labels=["stream"])
        for name, stream in states.items():
            lags.add_metric([name], stream.lag)
        yield lags
        rings = bool(self.redis.exists(SIGN_OF_LIFE))
        yield GaugeMetricFamily("escalation_doorbell_up", "Whether a worker waits at the stream", rings)
        strange = CounterMetricFamily(
            "escalation_messages_set_aside", "What lay in Celery's queues and was no message", labels=["queue"]
        )
        for queue, count in messages_set_aside(self.redis).items():
            strange.add_metric([queue], count)
        yield strange
        yield from _memory({self.redis, *(stream.redis for stream in event_streams(self.redis))})
        yield from _runs(last_runs(self.redis), time.time() - self.began)


def _memory(servers: Iterable[Redis]) -> Iterator[Metric]:
    """How full Redis is, where it has a limit (`maxmemory`) and lets itself be asked; of several the fullest."""
    try:
        memories = [server.info("memory") for server in servers]
    except NoPermissionError:
        return
    if used := [int(memory["used_memory"]) / limit for memory in memories if (limit := int(memory["maxmemory"]))]:
        yield GaugeMetricFamily("escalation_redis_memory_ratio", "Used share of Redis' maxmemory", max(used))


def _runs(ages: Mapping[str, float], watched: float) -> Iterator[Metric]:
    """Beat never seen is infinitely long ago; a sweep never seen may not be due yet: it is as old as this exporter."""
    yield GaugeMetricFamily("escalation_beat_age_seconds", "Since beat sent a hint", ages.get(BEAT, math.inf))
    age = GaugeMetricFamily("escalation_sweep_age_seconds", "Since the sweep ended", labels=["sweep"])
    every = GaugeMetricFamily("escalation_sweep_interval_seconds", "How often it should run", labels=["sweep"])
    for name, seconds in SECONDS_BETWEEN.items():
        label = [name.removeprefix("escalation.")]
        age.add_metric(label, ages.get(name, watched))
        every.add_metric(label, seconds)
    yield from (age, every)


def _gauges(now: State) -> Iterator[Metric]:
    mails = GaugeMetricFamily("escalation_mails", "Mails on their way, by state", labels=["state", "lane"])
    for row in now.mails:
        mails.add_metric([row["state"], row["lane"]], row["count"])
    due = GaugeMetricFamily("escalation_mail_oldest_due_seconds", "Age of the oldest due mail", labels=["lane"])
    oldest = {row["lane"]: row["oldest_seconds"] for row in now.due}
    waiting = GaugeMetricFamily(
        "escalation_mail_oldest_seconds", "Age of the oldest mail that no server has accepted", labels=["lane"]
    )
    for lane in _LANES:
        due.add_metric([lane], oldest.get(lane, 0))
        ages = [row["oldest_seconds"] for row in now.mails if row["lane"] == lane]
        waiting.add_metric([lane], max(ages, default=0))
    yield from (mails, due, waiting, *_circuits(now))
    late = GaugeMetricFamily(
        "escalation_tickets_unacknowledged", "Open tickets that nobody took, by age up to", labels=["age"]
    )
    counts = {row["age"]: row["count"] for row in now.unacknowledged}
    for age in ("15m", "1h", "1d", "older"):
        late.add_metric([age], counts.get(age, 0))
    yield late
    yield GaugeMetricFamily(
        "escalation_urgent_unacknowledged_seconds",
        "How long the oldest urgent ticket waits for somebody to take it",
        now.urgent_waiting[0]["seconds"],
    )
    yield GaugeMetricFamily("escalation_alerts", "Open alerts", len(now.alerts))


def _circuits(now: State) -> Iterator[Metric]:
    is_open = GaugeMetricFamily("escalation_mail_circuit_open", "Mail is held: the login fails", labels=["way"])
    unreachable = GaugeMetricFamily("escalation_mail_unreachable", "The server cannot be reached", labels=["way"])
    for row in now.circuits:
        is_open.add_metric([row["way"]], row["open"])
        unreachable.add_metric([row["way"]], row["unreachable"])
    yield from (is_open, unreachable)
