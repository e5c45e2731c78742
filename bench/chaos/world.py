"""The servers and processes of a storm, and all that a fault can reach."""

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from redis import Redis
from sqlalchemy import Engine, create_engine

from bench.chaos.proxy import Proxy, to_port, to_socket
from bench.chaos.surroundings import ACCOUNT, contacts_woken_by, surroundings
from config.settings import Settings
from escalation_client.layout import stream_name
from models.migrations import upgrade
from services.database.engine import driver_url
from services.events.stream import EventStream
from tests.client.redis_cluster import ClusterOfNodes, redis_cluster
from tests.client.replicated import Member
from tests.processes import PROGRAM, Process, Processes, processes
from tests.push_service import PushService, push_service
from tests.shifted_clock import ShiftedClock
from tests.smtp_server import SmtpServer
from tests.smtp_session import Received
from worker.embedded import EmbeddedPostgres
from worker.embedded.lock import locked
from worker.embedded.paths import temporary_folder
from worker.embedded.watchdog import watched

PUBLISHERS, EVENT_WORKERS = 2, 2
# Most faults kill one of these, which needs some time to come back.
MAIL_WORKERS = 3
# How long a fault waits for its moment, such as a mail at a certain step of its sending.
PATIENCE_SECONDS = 8.0
ASK_AGAIN_SECONDS = 0.005


@dataclass(frozen=True, slots=True)
class Orphaned:
    """The entries that a process had in hand when it was killed, each with the name of its stream."""

    at: datetime
    entries: tuple[tuple[str, str], ...]


class HeadsOnly(SmtpServer):
    """Keeps the headers of what it took: a long storm has thousands of mails."""

    def keep(self, message: Received) -> None:
        super().keep(replace(message, data=message.data.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"))


@dataclass(slots=True)
class World:
    """Everything a fault can reach; `valkey` is the primary of the moment, which `replica` follows."""

    folder: Path
    postgres: EmbeddedPostgres
    valkey: Member
    replica: Member
    clock: ShiftedClock | None
    mail: SmtpServer
    push: PushService
    redis_proxy: Proxy
    postgres_proxy: Proxy
    engine: Engine
    family: Processes
    workers: list[Process] = field(default_factory=list)
    mailers: list[Process] = field(default_factory=list)
    beats: list[Process] = field(default_factory=list)
    publishers: list[Process] = field(default_factory=list)
    orphaned: list[Orphaned] = field(default_factory=list)
    patience_seconds: float = PATIENCE_SECONDS
    streams: int = 1
    cluster: ClusterOfNodes | None = None

    @contextmanager
    def event_streams(self) -> Iterator[list[EventStream]]:
        """Those that hold events, each on its server; errors are those of Redis."""
        with ExitStack() as stack:
            home = stack.enter_context(Redis.from_url(self.valkey.url, socket_timeout=5))
            found = [EventStream(home)]
            for name in map(stream_name, range(self.streams) if self.streams > 1 else ()):
                node = self.cluster.node_of(name) if self.cluster else self.valkey
                redis = stack.enter_context(Redis.from_url(node.url, socket_timeout=5))
                if redis.exists(name):
                    found.append(EventStream(redis, name))
            yield found

    def tries(self, seconds: float | None = None) -> Iterator[None]:
        """Again and again until the patience is at its end."""
        pause = threading.Event()
        deadline = time.monotonic() + (seconds or self.patience_seconds)
        while time.monotonic() < deadline:
            yield
            pause.wait(ASK_AGAIN_SECONDS)

    def wait_until(self, condition: Callable[[], bool]) -> bool:
        """Whether it came true in time."""
        return any(condition() for _ in self.tries())

    def supervise(self) -> None:
        """What a supervisor does: start again whatever has ended, a publisher only when it had not finished."""
        for process in [*self.workers, *self.mailers, *self.beats]:
            if process.popen.poll() is not None:
                process.restart()
        for publisher in self.publishers:
            if publisher.popen.poll() not in (None, 0):
                publisher.restart()

    def start(self) -> None:
        """Workers for events and for mail, and beat."""
        self.workers += [
            self.worker("events,sweeps", f"events-{number}", children=2) for number in range(EVENT_WORKERS)
        ]
        self.mailers += [self.worker("urgent,mail", f"mail-{one}", children=1) for one in range(MAIL_WORKERS)]
        self.beats.append(self.beat())
        for process in [*self.workers, *self.mailers]:
            process.said("ready.")

    def worker(self, queues: str, name: str, children: int) -> Process:
        size, node = str(children), f"{name}@storm"
        return self.family.start(PROGRAM, "worker", "-Q", queues, "-c", size, "-n", node, "-l", "INFO")

    def beat(self) -> Process:
        return self.family.start(PROGRAM, "beat", "-l", "INFO")

    def publish(self, lines: list[str], seconds: float) -> None:
        """Divide the lines among publishers; they are sent in about so many seconds."""
        for number in range(PUBLISHERS):
            file = self.folder / f"published-{number}.jsonl"
            file.write_text("\n".join(lines[number::PUBLISHERS]), encoding="utf-8")
            url = self.family.environment["REDIS_URL"]
            spool = str(self.spool(number))
            cluster = [self.cluster.url] if self.cluster else []
            self.publishers.append(
                self.family.start("bench.chaos.publisher", url, str(file), spool, f"{seconds:.0f}", *cluster)
            )

    def spool(self, number: int) -> Path:
        return self.folder / f"spool-{number}"

    def sent(self, number: int) -> int:
        """How many events a publisher has noted as sent or spooled."""
        note = self.folder / f"published-{number}.sent"
        return int(note.read_text()) if note.exists() else 0

    def has_spooled(self, number: int) -> bool:
        """Whether a publisher keeps events on disk."""
        return any(self.spool(number).glob("*.jsonl"))

    def stop(self) -> None:
        """SIGTERM to all programs, as an operator would."""
        for process in self.family.started:
            process.stop()


@contextmanager
def world(streams: int = 1, nodes: int = 0) -> Iterator[World]:
    """A world with running servers and no process yet; nothing of it is left afterwards.

    :param streams: over how many streams events are spread
    :param nodes: of a Redis Cluster that holds them; 0 for none
    """
    with ExitStack() as stack:
        folder = stack.enter_context(temporary_folder())
        stack.enter_context(locked(folder))
        stack.enter_context(watched(folder))
        postgres = stack.enter_context(EmbeddedPostgres(folder / "postgres"))
        valkey = stack.enter_context(Member(folder / "valkey"))
        replica = stack.enter_context(Member(folder / "replica", valkey))
        # Without a compiler the clock stays as it is, and its faults meet nobody.
        clock = ShiftedClock(folder) if shutil.which("cc") else None
        mail = stack.enter_context(HeadsOnly(users=dict([ACCOUNT])))
        push = stack.enter_context(push_service())
        redis_proxy = stack.enter_context(Proxy(to_port(valkey.port)))
        socket = postgres.socket_folder / ".s.PGSQL.5432"
        postgres_proxy = stack.enter_context(Proxy(to_socket(str(socket))))
        engine = create_engine(driver_url(postgres.url), isolation_level="AUTOCOMMIT", pool_pre_ping=True)
        stack.callback(engine.dispose)
        upgrade(engine)
        environment = surroundings(folder, valkey, mail, redis_proxy, postgres_proxy)
        environment |= {"CONTACTS_FILE": str(contacts_woken_by(push, folder))}
        environment |= clock.environment if clock else {}
        cluster = stack.enter_context(redis_cluster(folder / "cluster", nodes)) if nodes else None
        environment |= {"EVENT_STREAMS": str(streams)} | ({"EVENTS_CLUSTER_URL": cluster.url} if cluster else {})
        family = stack.enter_context(processes(environment, folder, fresh=True))
        for name in Settings.model_fields:
            if name.upper() not in environment:
                family.environment.pop(name.upper(), None)
        yield World(
            folder, postgres, valkey, replica, clock, mail, push, redis_proxy, postgres_proxy, engine, family,
            streams=streams, cluster=cluster,
        )  # fmt: skip
