"""Behind PgBouncer: session mode keeps what each session sets, transaction mode is refused by name."""

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import text

from services.database.engine import make_engine
from services.database.session import (
    TransactionPooling,
    lost_settings,
    refuse_transaction_pooling,
    session_settings,
)
from tests.processes import wait_for
from tests.services.database.test_session import settings_for
from worker.embedded.paths import temporary_folder

pytestmark = pytest.mark.debian("pgbouncer")


def answers(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def pgbouncer(database_url: str, mode: str) -> Iterator[str]:
    """A URL that leads through it, with the option that makes it drop startup options in silence."""
    place = urlsplit(database_url)
    query = parse_qs(place.query)
    host, port = query["host"][0], query.get("port", ["5432"])[0]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        listen = free.getsockname()[1]
    with temporary_folder() as folder:
        (folder / "users").write_text('"postgres" ""\n', encoding="utf-8")
        configuration = folder / "pgbouncer.ini"
        configuration.write_text(
            f"""[databases]
* = host={host} port={port} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {listen}
unix_socket_dir =
auth_type = any
auth_file = {folder / "users"}
pool_mode = {mode}
ignore_startup_parameters = options,extra_float_digits
""",
            encoding="utf-8",
        )
        for path in (configuration, folder / "users"):
            path.chmod(0o644)
        server = subprocess.Popen(
            [
                "/usr/sbin/pgbouncer",
                "-q",
                *(["-u", Path(host).owner()] if Path("/proc/self").stat().st_uid == 0 else []),
                configuration,
            ],
            stderr=subprocess.DEVNULL,
        )
        try:
            wait_for(lambda: answers(listen), "PgBouncer", seconds=15)
            yield f"postgresql://postgres@127.0.0.1:{listen}{place.path}"
        finally:
            server.terminate()
            server.wait(10)


def test_in_session_mode_every_session_has_its_settings(database_url: str) -> None:
    with pgbouncer(database_url, "session") as url:
        engine = make_engine(settings_for(url))
        with engine.connect() as connection:
            assert lost_settings(connection, session_settings(settings_for(url))) == {}
            actor = connection.execute(text("SELECT current_setting('escalation.actor')")).scalar_one()
        refuse_transaction_pooling(engine)
        engine.dispose()
    assert actor == "worker"


def test_transaction_mode_is_refused_in_a_clear_sentence(database_url: str) -> None:
    with pgbouncer(database_url, "transaction") as url:
        engine = make_engine(settings_for(url))
        with pytest.raises(TransactionPooling, match="pool_mode = session"):
            refuse_transaction_pooling(engine)
        engine.dispose()
