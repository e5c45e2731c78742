"""Where a benchmark runs: embedded servers, a fresh database and an empty Redis for each round, processes of ours."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2
from celery import Celery
from redis import Redis
from sqlalchemy import Engine, create_engine, text

from bench.sink_process import Sink, sink_process
from config.settings import Settings
from models.migrations import upgrade
from services.database.engine import driver_url
from services.events.stream import EVENTS, connect
from tasks.celery_config import KEY_PREFIX
from tests.processes import Process, Processes, processes
from worker.embedded import EmbeddedPostgres, EmbeddedValkey
from worker.embedded.lock import locked
from worker.embedded.paths import temporary_folder
from worker.embedded.watchdog import watched

TEMPLATE = "bench_template"
PATIENCE_SECONDS = 300.0


@dataclass(slots=True)
class Round:
    """One measurement's own database, Redis and processes; `began` is when, by PostgreSQL's clock."""

    url: str
    engine: Engine
    redis: Redis
    family: Processes
    began: Any = None

    def scalar(self, statement: str, **parameters: Any) -> Any:
        with self.engine.connect() as connection:
            return connection.execute(text(statement), parameters).scalar_one()

    def publish(self, lines: list[str], at_once: int = 500, stream: str = EVENTS) -> None:
        """Into the stream, so many in a round trip."""
        for begin in range(0, len(lines), at_once):
            with self.redis.pipeline(transaction=False) as pipeline:
                for line in lines[begin : begin + at_once]:
                    pipeline.xadd(stream, {"event": line})
                pipeline.execute()

    def workers(self, count: int, queues: str, *, children: int = 1) -> list[Process]:
        """So many workers of ours, ready to work."""
        names = [f"w{len(self.family.started) + number}" for number in range(count)]
        started = [self.family.start(*worker("worker", name, queues, children), "-l", "INFO") for name in names]
        for process in started:
            process.said("ready.")
        return started

    def ask_for_delivery(self) -> None:
        """The hint that a drain gives."""
        with Celery(broker=self.family.environment["REDIS_URL"]) as application:
            application.conf.broker_transport_options = {"global_keyprefix": KEY_PREFIX}
            application.send_task("escalation.deliver_due", queue="mail")

    def beat(self) -> Process:
        process = self.family.start("celery", "-A", "worker", "beat", "-l", "INFO")
        process.said("beat: Starting...")
        return process


def worker(application: str, name: str, queues: str, children: int = 1) -> list[str]:
    """A worker with as few helpers as both applications can do without."""
    options = ["-c", str(children), "-Q", queues, "-n", f"{name}@bench"]
    return ["celery", "-A", application, "worker", *options, "--without-gossip", "--without-mingle"]


class Stand:
    """Servers that stay for all rounds."""

    def __init__(self, folder: Path, postgres: EmbeddedPostgres, valkey: EmbeddedValkey, sink: Sink) -> None:
        self.folder, self.postgres, self.valkey, self.sink = folder, postgres, valkey, sink
        self.rounds = 0

    def command(self, statement: str) -> None:
        with closing(psycopg2.connect(self.postgres.url_of("postgres"))) as connection:
            connection.autocommit = True
            connection.cursor().execute(statement)

    def make_template(self) -> None:
        self.command(f"CREATE DATABASE {TEMPLATE}")
        engine = create_engine(driver_url(self.postgres.url_of(TEMPLATE)))
        upgrade(engine)
        engine.dispose()

    @contextmanager
    def database(self) -> Iterator[str]:
        """The name of a fresh database, with all our tables; it is dropped afterwards."""
        self.rounds += 1
        name = f"bench_{self.rounds}"
        self.command(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
        try:
            yield name
        finally:
            self.command(f"DROP DATABASE {name} WITH (FORCE)")

    @contextmanager
    def round(self, fsync: str = "always", *, database: str | None = None, **settings: str) -> Iterator[Round]:
        """A round in a fresh database, or in this one; `settings` go to the processes.

        :param fsync: when Redis writes through to the disk
        """
        with ExitStack() as stack:
            name = database or stack.enter_context(self.database())
            url = self.postgres.url_of(name)
            engine = create_engine(driver_url(url), isolation_level="AUTOCOMMIT")
            stack.callback(engine.dispose)
            redis = stack.enter_context(connect(self.valkey.url))
            redis.flushall()
            redis.config_set("appendfsync", fsync)
            folder = self.folder / f"round_{time.monotonic_ns()}"
            folder.mkdir()
            family = stack.enter_context(processes(self.environment(name) | settings, folder, fresh=True))
            one = Round(url, engine, redis, family)
            one.began = one.scalar("SELECT clock_timestamp()")
            yield one

    def environment(self, database: str) -> dict[str, str]:
        cleared = {name.upper(): "" for name in Settings.model_fields}
        return cleared | {
            "DATABASE_URL": self.postgres.url_of(database),
            "REDIS_URL": self.valkey.url,
            "SUPPORT_EMAIL": "support@example.com",
            "SMTP_SERVER": "127.0.0.1",
            "SMTP_PORT": str(self.sink.port),
            "SMTP_USE_TLS": "false",
            "SMTP_CA_FILE": str(self.sink.authority),
            "ESCALATION_EMBEDDED": "true",
            # Each event is followed to a mail of its own.
            "POLICY_STORM_TICKETS": "0",
        }


@contextmanager
def stand() -> Iterator[Stand]:
    with ExitStack() as stack:
        folder = stack.enter_context(temporary_folder())
        stack.enter_context(locked(folder))
        stack.enter_context(watched(folder))
        postgres = stack.enter_context(EmbeddedPostgres(folder / "postgres"))
        valkey = stack.enter_context(EmbeddedValkey(folder / "valkey"))
        made = Stand(folder, postgres, valkey, stack.enter_context(sink_process(folder)))
        made.make_template()
        yield made


def wait(condition: Callable[[], object], what: str, pause: float = 0.02) -> float:
    """Ask again and again, with a pause in between, until it is true; the time at which it was.

    :raises TimeoutError: it never was
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {PATIENCE_SECONDS:.0f} s in vain for: {what}")
        time.sleep(pause)
    return time.time()
