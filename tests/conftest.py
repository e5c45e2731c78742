"""Real servers for all tests, one of each kind a session; each test gets a database and a Redis of its own."""

import gc
import os
from collections.abc import Iterator
from functools import cache
from itertools import count
from pathlib import Path

import psycopg2
import pytest
from redis import Redis
from sqlalchemy import create_engine

import tests.fuzz.profiles  # noqa: F401  (chooses how much Hypothesis tries)
from models.migrations import upgrade
from services.database.engine import driver_url
from tests.debian import leave_out, pytest_sessionfinish, pytest_terminal_summary
from worker.embedded import EmbeddedPostgres, EmbeddedValkey, LocalMailServer
from worker.embedded.lock import locked
from worker.embedded.paths import temporary_folder
from worker.embedded.watchdog import watched

# What pytest calls in a conftest.
__all__ = ["pytest_sessionfinish", "pytest_terminal_summary"]

# Thousands of collected tests stay to the end: looking through them for garbage again and again is a tenth of the time.
gc.set_threshold(50_000, 20, 50)

TEMPLATE = "migrated"
NUMBERS = count(1)
# Linux keeps what is here in memory, where hundreds of databases are made and dropped in a fifth of the time.
MEMORY = Path("/dev/shm")
ROOM_BYTES = 4 << 30
# Those that take longest; begun last, they would keep one process busy when the others are done.
FIRST = (
    "docs/test_commands.py",
    "acceptance/test_make.py",
    "chaos/test_storm.py",
    "worker/liveness/test_program.py",
    "acceptance/test_people_act.py",
    "security/test_messages.py",
    "worker/doctor/test_doctor.py",
    "abparts_like/test_outage.py",
    "acceptance/test_up.py",
    "acceptance/test_monday.py",
    "worker/doctor/test_redis.py",
    "client/test_sentinels.py",
    "acceptance/test_up_ends.py",
    "flower/test_flower.py",
    "acceptance/test_lean_programs.py",
    "observe/test_exporter.py",
    "services/transports/test_graph.py",
    "services/transports/test_smtp_losses.py",
    "worker/test_embedded_servers.py",
    "tasks/delivery/test_graph_requests.py",
    "tasks/delivery/test_several_connections.py",
    "acceptance/test_processes.py",
)


def pytest_configure(config: pytest.Config) -> None:
    """Where no test asks a server of the world, leave out the authorities that vouch for those.

    To read them takes a core 15 ms and more for each of thousands of connections. The key of the one that is read
    instead was thrown away.
    """
    if "not long" in config.option.markexpr:
        os.environ["SSL_CERT_FILE"] = str(Path(__file__).with_name("vouches_for_nobody.pem"))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what cannot run here, and begin with what takes longest."""
    leave_out(config, items)
    place = {Path(__file__).parent / file: number for number, file in enumerate(FIRST)}
    items.sort(key=lambda item: place.get(item.path, len(FIRST)))


def pytest_collection_finish() -> None:
    gc.freeze()


@pytest.fixture(scope="session")
def server_folder() -> Iterator[Path]:
    """Where the servers of this session keep their files."""
    with temporary_folder(MEMORY if has_room(MEMORY) else None) as folder, locked(folder), watched(folder):
        yield folder


def has_room(folder: Path) -> bool:
    """Whether the servers of several sessions can be kept and run there."""
    if not folder.is_dir():
        return False
    found = os.statvfs(folder)
    return not found.f_flag & os.ST_NOEXEC and found.f_bavail * found.f_frsize > ROOM_BYTES


@pytest.fixture(scope="session")
def postgres(server_folder: Path) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(server_folder / "postgres").start()
    # No test cuts the power, and a server that is killed leaves what it wrote to the kernel; of the log, which may lie
    # in memory, no more is kept than is needed.
    for setting, value in {"fsync": "off", "full_page_writes": "off", "max_wal_size": "'64MB'"}.items():
        command(server, f"ALTER SYSTEM SET {setting} = {value}")
    command(server, "SELECT pg_reload_conf()")
    yield server
    # Its data goes anyway: no need to write hundreds of databases to disk first.
    server.stop_immediately()


@pytest.fixture(scope="session")
def valkey(server_folder: Path) -> Iterator[EmbeddedValkey]:
    with EmbeddedValkey(server_folder / "valkey") as server:
        yield server


@pytest.fixture(scope="session")
def mail_server(server_folder: Path) -> Iterator[LocalMailServer]:
    with LocalMailServer(server_folder / "mail") as server:
        yield server


def command(server: EmbeddedPostgres, statement: str) -> None:
    with _kept_connection(server.url_of("postgres")).cursor() as cursor:
        cursor.execute(statement)


@cache
def _kept_connection(url: str) -> psycopg2.extensions.connection:
    """A new one for each database that is made and dropped would be a third of what that costs."""
    connection = psycopg2.connect(url)
    connection.autocommit = True
    return connection


@pytest.fixture(scope="session")
def template(postgres: EmbeddedPostgres) -> str:
    """A database with our tables, from which the others are copied."""
    command(postgres, f"CREATE DATABASE {TEMPLATE}")
    engine = create_engine(driver_url(postgres.url_of(TEMPLATE)))
    upgrade(engine)
    engine.dispose()
    return TEMPLATE


@pytest.fixture
def empty_database_url(postgres: EmbeddedPostgres) -> Iterator[str]:
    """A database without any tables."""
    name = f"test_{next(NUMBERS)}"
    command(postgres, f"CREATE DATABASE {name}")
    yield postgres.url_of(name)
    command(postgres, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def database_url(postgres: EmbeddedPostgres, template: str) -> Iterator[str]:
    """A database with our tables and nothing in them."""
    name = f"test_{next(NUMBERS)}"
    command(postgres, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
    yield postgres.url_of(name)
    command(postgres, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def redis_url(valkey: EmbeddedValkey) -> str:
    """An empty Redis."""
    with Redis.from_url(valkey.url) as redis:
        redis.flushall()
    return valkey.url
