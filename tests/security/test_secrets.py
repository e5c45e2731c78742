"""Marked secrets in every secret setting: nothing that is printed, logged, shown in Flower or stored holds one."""

import base64
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from urllib.parse import quote

import psutil
import pytest
from pydantic import ValidationError
from redis import Redis
from sqlalchemy import Connection, text

from config.settings import Settings, explain
from escalation_client.events import encode
from services.events.stream import EVENTS, OUTCOMES
from tests.acceptance.conftest import connection, environment, family, redis
from tests.events import message
from tests.flower.conftest import USER, Flower
from tests.flower.test_flower import everything
from tests.processes import ROOT, Processes, wait_for
from tests.security.broker import QUEUE, arguments
from tests.security.broker import message as broker_message
from tests.security.planted import SECRETS, Watch, mark, planted
from worker.embedded import EmbeddedValkey, LocalMailServer
from worker.embedded.ports import Port

__all__ = ["connection", "environment", "family", "redis"]

SESSION = "s-secrets"
# Each command that tells something, with what it needs; none may end in an error that it did not foresee.
COMMANDS = (
    "worker doctor", "worker doctor --json", "worker status", "worker db check", "worker db check --json",
    "worker db sql", "worker db grants --role postgres", "worker db rebuild", "worker mail list",
    "worker mail list --json", "worker mail probe", "worker mail test --to a@example.com",
    "worker tickets list --json", f"worker explain {SESSION} --json", "worker rejected list --json",
    "worker reconcile --dry-run", "worker reconcile --json", "worker house keep", "worker shadow report --json",
    "worker health worker", "worker health exporter",
    "celery report", "celery inspect conf", "celery inspect stats", "celery inspect report", "celery status",
)  # fmt: skip
DIAGNOSES = ("worker doctor", "worker doctor --json", "worker status", "worker db check", "worker mail list")
ROWS = "SELECT string_agg(t::text, ' ') FROM {table} AS t"
TABLES = """
    SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname IN ('escalation', 'public')
"""


@pytest.fixture
def installation(family: Processes, mail_server: LocalMailServer) -> Iterator[Processes]:
    """Every program at work; the login at the mail server and the posts to webhooks fail."""
    ports = {name: Port(None, name) for name in ("FLOWER_PORT", "DESK_PORT", "EXPORTER_PORT")}
    servers = {name: family.environment[name] for name in ("DATABASE_URL", "REDIS_URL")}
    family.environment.update(
        planted()
        | servers
        | {
            # Peers on the socket are trusted, whatever password they bring.
            "DATABASE_URL": servers["DATABASE_URL"].replace("postgres@", f"postgres:{mark('database_url')}@"),
            "SMTP_SERVER": mail_server.host,
            "SMTP_PORT": str(mail_server.port),
            "SMTP_USERNAME": "escalation",
            "SMTP_USE_TLS": "true",
            "SMTP_CA_FILE": str(mail_server.ca_file),
            "FLOWER_USER": USER,
            "PUBLIC_URL": "http://127.0.0.1",
            **{name: str(port.number) for name, port in ports.items()},
        }
    )
    yield family
    ports.clear()


def run(family: Processes, commands: Sequence[str]) -> dict[str, str]:
    """All that each of these commands prints, with what all of them logged."""
    result = subprocess.run(
        [sys.executable, "-m", "tests.security.commands"],
        cwd=ROOT,
        env=family.environment,
        input="\n".join(commands),
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    printed: dict[str, str] = dict(json.loads(line) for line in result.stdout.splitlines())
    assert [command for command in commands if not printed[command]] == []
    return printed | {"logs of commands": result.stderr}


def ring(redis: Redis, task: str) -> None:
    """Ask for a sweep before it is due."""
    redis.lpush(QUEUE, broker_message(arguments(), f"escalation.{task}"))


def stored(connection: Connection, redis: Redis) -> str:
    """All that PostgreSQL and Redis hold."""
    tables = list(connection.execute(text(TABLES)).scalars())
    rows = [str(connection.execute(text(ROWS.format(table=table))).scalar()) for table in tables]
    return " ".join([*rows, *(repr(content(redis, key)) for key in redis.scan_iter())])


def content(redis: Redis, key: bytes) -> object:
    match redis.type(key):
        case b"string":
            return redis.get(key)
        case b"hash":
            return redis.hgetall(key)
        case b"list":
            return redis.lrange(key, 0, -1)
        case b"set":
            return redis.smembers(key)
        case b"zset":
            return redis.zrange(key, 0, -1)
        case b"stream":
            return redis.xrange(key)
        case b"none":
            # Celery has taken it away since the keys were listed.
            return None
    raise AssertionError(f"a key of an unknown kind: {key!r}")


@pytest.mark.long
def test_no_secret_is_given_away_by_programs_at_work(
    installation: Processes, connection: Connection, redis: Redis
) -> None:
    watch = Watch(installation.environment)
    assert set(watch.secrets) == SECRETS
    worker, beat = installation.worker(), installation.beat()
    flower, desk, exporter = (
        installation.start("celery", "-A", "worker", "flower"),
        installation.start("worker", "desk"),
        installation.start("worker", "exporter"),
    )
    redis.xadd(EVENTS, {"event": encode(message(SESSION, "there is smoke"))})
    redis.xadd(EVENTS, {"event": "{"})
    wait_for(lambda: redis.xlen(OUTCOMES) >= 2, "the outcomes")
    page = Flower(f"http://127.0.0.1:{installation.environment['FLOWER_PORT']}", mark("flower_password"))
    wait_for(lambda: "Visit me" in flower.output, "Flower")
    wait_for(lambda: page.worker, "the worker in Flower")
    wait_for(lambda: "alert_raised" in worker.output, "the alert that mail is held")
    ring(redis, "post_alerts")
    wait_for(lambda: "webhook_failed" in worker.output, "a post to the webhook")

    told = dict(everything(page)) | run(installation, COMMANDS)
    page.close()
    told |= {one.log.name: one.output for one in (worker, beat, flower, desk, exporter)}
    told["stored"] = stored(connection, redis)
    programs = [process for one in installation.started for process in [psutil.Process(one.pid), *one.children()]]
    told["arguments"] = " ".join(word for process in programs for word in process.cmdline())
    assert {place: watch.found(text) for place, text in told.items() if watch.found(text)} == {}


MISPLACED = "redis://127.0.0.1:{port}/0?password={mark}"


@pytest.mark.long
def test_a_password_of_redis_in_the_wrong_place_is_refused_and_given_away_by_nobody(
    installation: Processes, valkey: EmbeddedValkey
) -> None:
    installation.environment["REDIS_URL"] = MISPLACED.format(mark=mark("redis_url"), port=valkey.port)
    watch = Watch(installation.environment)
    programs = [
        installation.start("celery", "-A", "worker", "worker", "-l", "INFO"),
        installation.start("celery", "-A", "worker", "beat", "-l", "INFO"),
        installation.start("celery", "-A", "worker", "flower"),
        installation.start("worker", "exporter"),
        installation.start("worker", "doctor"),
    ]
    assert 0 not in {program.popen.wait(60) for program in programs}
    told = {one.log.name: one.output for one in programs} | run(installation, DIAGNOSES)
    logs = told.pop("logs of commands")
    assert [place for place, text in told.items() if "the password stands before the host" not in text] == []
    assert watch.found(logs) == set()
    assert {place: watch.found(text) for place, text in told.items() if watch.found(text)} == {}


BROKEN = (
    ("DATABASE_URL", "postgresql://postgres:{mark}@127.0.0.1:1/abparts?connect_timeout=2"),
    ("DATABASE_URL", "postgresql://postgres@127.0.0.1:1/abparts?connect_timeout=2&password={mark}"),
    ("REDIS_URL", "redis://someone:{mark}@127.0.0.1:{port}/0"),
)


@pytest.mark.long
@pytest.mark.parametrize(("name", "url"), BROKEN)
def test_no_secret_is_given_away_by_programs_that_cannot_log_in(
    name: str, url: str, installation: Processes, valkey: EmbeddedValkey
) -> None:
    installation.environment[name] = url.format(mark=mark(name.lower()), port=valkey.port)
    watch = Watch(installation.environment)
    worker = installation.start("celery", "-A", "worker", "worker", "-l", "INFO")
    beat = installation.start("celery", "-A", "worker", "beat", "-l", "INFO")
    exporter = installation.start("worker", "exporter")
    told = run(installation, DIAGNOSES)
    wait_for(lambda: "worker_waits_for_redis" in worker.output or "ready." in worker.output, "what the worker says")
    wait_for(lambda: "beat: Starting" in beat.output, "what beat says")
    told |= {one.log.name: one.output for one in (worker, beat, exporter)}
    assert {place: watch.found(text) for place, text in told.items() if watch.found(text)} == {}


def test_the_search_finds_each_secret_in_each_form() -> None:
    watch = Watch(planted())
    for name in SECRETS:
        plain = mark(name)
        for form in (plain, f"login={quote(plain)}", base64.b64encode(plain.encode()).decode()):
            assert watch.found(f"before {form} after") == {name}


def test_settings_and_their_errors_show_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in planted().items():
        monkeypatch.setenv(name, value)
    settings = Settings()  # type: ignore[call-arg]
    shown = f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}"
    assert Watch(planted()).found(shown) == set()
    for name in SECRETS:
        assert getattr(settings, name).get_secret_value() == planted()[name.upper()]
        monkeypatch.setenv(name.upper(), f"nonsense: {mark(name)}"[:25])
    with pytest.raises(ValidationError) as wrong:
        Settings()  # type: ignore[call-arg]
    assert "DATABASE_URL" in explain(wrong.value)
    assert "nonsense" not in explain(wrong.value) + str(wrong.value) + repr(wrong.value)
