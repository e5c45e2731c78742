"""Where a benchmark runs: embedded servers, a fresh database and an empty Redis for each round, processes of ours."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg2
from redis import Redis
from sqlalchemy import Engine, create_engine

from config.settings import Settings
from models.migrations import upgrade
from services.database import driver_url
from services.stream import connect
from tests.processes import ROOT, Processes, processes
from worker.embedded import EmbeddedPostgres, EmbeddedValkey
from worker.embedded.folders import temporary_folder
from worker.embedded.lock import locked
from worker.embedded.watchdog import watched

TEMPLATE = "bench_template"
PATIENCE_SECONDS = 300.0


@dataclass(slots=True)
class Round:
    """One measurement's own database, Redis and processes."""

    engine: Engine
    redis: Redis
    family: Processes

    def publish(self, lines: list[str]) -> None:
        """Into the stream, five hundred in a round trip."""
        for begin in range(0, len(lines), 500):
            with self.redis.pipeline(transaction=False) as pipeline:
                for line in lines[begin : begin + 500]:
                    pipeline.xadd("escalation:events", {"event": line})
                pipeline.execute()


class Stand:
    """Servers that stay for all rounds."""

    def __init__(self, folder: Path, postgres: EmbeddedPostgres, valkey: EmbeddedValkey, smtp_port: int) -> None:
        self.folder, self.postgres, self.valkey, self.smtp_port = folder, postgres, valkey, smtp_port
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
    def round(self, fsync: str = "always", **settings: str) -> Iterator[Round]:
        """A fresh round; `fsync` is when Redis writes through to the disk, `settings` go to the processes."""
        self.rounds += 1
        name = f"bench_{self.rounds}"
        self.command(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
        with ExitStack() as stack:
            stack.callback(self.command, f"DROP DATABASE {name} WITH (FORCE)")
            engine = create_engine(driver_url(self.postgres.url_of(name)), isolation_level="AUTOCOMMIT")
            stack.callback(engine.dispose)
            redis = stack.enter_context(connect(self.valkey.url))
            redis.flushall()
            redis.config_set("appendfsync", fsync)
            folder = self.folder / name
            folder.mkdir()
            family = stack.enter_context(processes(self.environment(name) | settings, folder))
            yield Round(engine, redis, family)

    def environment(self, database: str) -> dict[str, str]:
        cleared = {name.upper(): "" for name in Settings.model_fields}
        return cleared | {
            "DATABASE_URL": self.postgres.url_of(database),
            "REDIS_URL": self.valkey.url,
            "SUPPORT_EMAIL": "support@example.com",
            "SMTP_SERVER": "127.0.0.1",
            "SMTP_PORT": str(self.smtp_port),
            "SMTP_USE_TLS": "false",
            "ESCALATION_EMBEDDED": "true",
        }


@contextmanager
def stand() -> Iterator[Stand]:
    with ExitStack() as stack:
        folder = stack.enter_context(temporary_folder())
        stack.enter_context(locked(folder))
        stack.enter_context(watched(folder))
        postgres = stack.enter_context(EmbeddedPostgres(folder / "postgres"))
        valkey = stack.enter_context(EmbeddedValkey(folder / "valkey"))
        sink = stack.enter_context(sink_process())
        made = Stand(folder, postgres, valkey, sink)
        made.make_template()
        yield made


@contextmanager
def sink_process() -> Iterator[int]:
    """The mail server as a process of its own; its port."""
    with subprocess.Popen([sys.executable, "-m", "bench.sink"], cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.kill()


def wait(condition: Callable[[], object], what: str) -> float:
    """Ask every 20 ms until it is true; the time at which it was.

    :raises TimeoutError: it never was
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {PATIENCE_SECONDS:.0f} s in vain for: {what}")
        time.sleep(0.02)
    return time.time()
