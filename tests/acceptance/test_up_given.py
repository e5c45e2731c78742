"""What the environment names already is used, not started; it is checked first, and said clearly when it is wrong."""

import errno
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2
import pytest

from tests.stack import RunningStack, started
from worker.embedded import EmbeddedPostgres, EmbeddedValkey, LocalMailServer, StackError
from worker.embedded.errors import explain
from worker.embedded.external_servers import given, given_database, given_mail_server, given_redis
from worker.embedded.ports import Port

pytestmark = pytest.mark.long


@pytest.fixture
def environment(empty_database_url: str, redis_url: str, mail_server: LocalMailServer) -> dict[str, str]:
    return {
        "DATABASE_URL": empty_database_url,
        "REDIS_URL": redis_url,
        "SMTP_SERVER": mail_server.host,
        "SMTP_PORT": str(mail_server.port),
        "SMTP_USERNAME": mail_server.username,
        "SMTP_PASSWORD": mail_server.password,
        "SMTP_CA_FILE": str(mail_server.ca_file),
    }


@pytest.fixture
def stacks(server_folder: Path, environment: dict[str, str]) -> Iterator[tuple[RunningStack, RunningStack]]:
    """Two side by side: one takes PostgreSQL and the mail server from the environment, the other Redis."""
    ours = {name: value for name, value in environment.items() if name != "REDIS_URL"}
    for file in ("beat/beat.log", "beat/old", "mine.txt"):
        (server_folder / "given1" / file).parent.mkdir(parents=True, exist_ok=True)
        (server_folder / "given1" / file).write_text("from an earlier run")
    with (
        started(server_folder / "given1", "--fresh", environment=ours) as one,
        started(server_folder / "given2", environment={"REDIS_URL": environment["REDIS_URL"]}) as other,
    ):
        yield one.ready(), other.ready()


def test_given_parts_are_used_and_two_stacks_do_not_disturb_each_other(
    stacks: tuple[RunningStack, RunningStack], environment: dict[str, str], mail_server: LocalMailServer
) -> None:
    one, other = stacks
    assert list(one.pids()) == ["valkey", "worker", "listener", "beat", "flower", "desk", "exporter"]
    assert list(other.pids()) == ["postgres", "mail", "worker", "listener", "beat", "flower", "desk", "exporter"]
    assert one.description()["database_url"] == environment["DATABASE_URL"]
    assert one.description()["smtp_url"] == mail_server.url
    assert one.description()["inbox_url"] is None
    assert "SUPPORT_EMAIL is not set" in one.said
    assert "SUPPORT_EMAIL is not set" not in other.said
    password = urlsplit(environment["REDIS_URL"]).password or ""
    assert other.description()["redis_url"] == environment["REDIS_URL"].replace(password, "***")
    # Our tables are made in a database that was given; ABParts' own are nobody's but ABParts'.
    with psycopg2.connect(environment["DATABASE_URL"]) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('escalation.event_inbox'), to_regclass('public.machines')")
        assert cursor.fetchone() == ("escalation.event_inbox", None)
    connection.close()

    assert not (one.var / "beat/old").exists(), "--fresh forgets what earlier stacks left"
    assert (one.var / "mine.txt").exists(), "--fresh leaves alone what is not a stack's"

    before = other.pids()
    assert one.stop() == 0
    assert other.pids() == before
    assert len(other.processes()) >= len(before)


WRONG = {
    "DATABASE_URL": ("postgresql://abparts:secret@127.0.0.1:1/abparts", "DATABASE_URL does not answer"),
    "REDIS_URL": ("redis://:secret@127.0.0.1:1/0", "REDIS_URL does not answer"),
    "SMTP_SERVER": ("127.0.0.1", "SMTP_SERVER 127.0.0.1:1 does not answer"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_given_part_that_does_not_answer_is_named_without_its_password(name: str, server_folder: Path) -> None:
    value, message = WRONG[name]
    environment = {name: value, "SMTP_PORT": "1", "SMTP_PASSWORD": "secret"}
    with started(server_folder / "wrong", environment=environment) as stack:
        assert stack.process.wait(30) == 1
        assert f"{message}: " in stack.said
        assert f"without {name} an embedded one is started" in stack.said
        assert "secret" not in stack.said


@pytest.mark.parametrize(
    ("name", "value", "check"),
    [
        ("DATABASE_URL", "mysql://root:secret@127.0.0.1/abparts", given_database),
        ("DATABASE_URL", "abparts:secret", given_database),
        ("REDIS_URL", "http://:secret@127.0.0.1", given_redis),
        ("SMTP_PORT", "secret", given_mail_server),
    ],
)
def test_a_value_of_the_wrong_kind_is_named_with_what_would_be_right(
    name: str, value: str, check: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMTP_SERVER", "127.0.0.1")
    monkeypatch.setenv(name, value)
    assert callable(check)
    with pytest.raises(StackError, match=f"{name}.* should (be|start)"):
        check()


def test_a_secret_may_be_given_as_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SMTP_PASSWORD", raising=False)
    monkeypatch.setenv("SMTP_PASSWORD_FILE", str(tmp_path / "password"))
    with pytest.raises(StackError, match=f"SMTP_PASSWORD_FILE: cannot read {tmp_path}/password: No such file"):
        given("SMTP_PASSWORD")
    (tmp_path / "password").write_text("from the file\n")
    assert given("SMTP_PASSWORD") == "from the file"


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with started(tmp_path / "other", "--var", str(tmp_path / "file" / "var")) as stack:
        assert stack.process.wait(30) == 1
        assert f"not a folder: {tmp_path}/file" in stack.said
        assert "name another one with --var" in stack.said


def test_a_full_disk_is_named() -> None:
    message = explain(OSError(errno.ENOSPC, "No space left on device", "/data/var"))
    assert message == "No space left on device: /data/var\nfree some space there, or name another one with --var"


def test_postgres_says_so_when_the_system_user_cannot_reach_its_folder(server_folder: Path) -> None:
    closed = server_folder / "closed"
    closed.mkdir(mode=0o700)
    server = EmbeddedPostgres(closed / "postgres")
    if server.account is None:
        server.prepare()
        assert server.data.exists()
    else:
        with pytest.raises(StackError, match=r"cannot reach .*/closed/postgres: choose a folder outside"):
            server.prepare()
    assert closed.stat().st_mode & 0o077 == 0


def test_a_valkey_port_can_be_chosen(server_folder: Path, valkey: EmbeddedValkey) -> None:
    free = Port(None, "any")
    with EmbeddedValkey(server_folder / "chosen", port=free.number) as chosen:
        assert f":{free.number}/" in chosen.url
