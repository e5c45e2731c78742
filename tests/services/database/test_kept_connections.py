"""A connection that is used again at once is not asked whether it answers, unless the server has said something."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, Engine, text

from config.settings import Settings
from services.database.engine import make_engine

_PID = text("SELECT pg_backend_pid()")


@pytest.fixture
def made(database_url: str) -> Iterator[Engine]:
    engine = make_engine(Settings.model_validate({"database_url": database_url, "redis_url": "redis://127.0.0.1:1"}))
    yield engine
    engine.dispose()


def pid_of(connection: Connection) -> int:
    pid: int = connection.execute(_PID).scalar_one()
    return pid


def test_a_connection_that_the_server_has_ended_is_replaced_at_once(made: Engine) -> None:
    with made.connect() as first, made.connect() as second:
        ended, other = pid_of(first), pid_of(second)
    with made.connect() as connection:
        assert pid_of(connection) in {ended, other}, "kept connections are used"
        victim = ({ended, other} - {pid_of(connection)}).pop()
        connection.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": victim})
        with made.connect() as replaced:
            assert pid_of(replaced) not in {ended, other}


def test_a_connection_used_just_now_is_not_asked(made: Engine) -> None:
    asked = text("SELECT query FROM pg_stat_activity WHERE pid = :pid")
    with made.connect() as first, made.connect() as watching:
        pid = pid_of(first)
        first.close()
        with made.connect() as again:
            assert watching.execute(asked, {"pid": pid}).scalar_one() == "ROLLBACK", "what ended its last use"
            assert pid_of(again) == pid
