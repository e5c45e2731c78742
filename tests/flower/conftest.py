"""The real Flower beside workers and beat, where people wrote, worked and made mistakes."""

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import psycopg2
import pytest
from celery import Celery
from redis import Redis
from sqlalchemy import create_engine

from config.settings import Settings
from demo.seed import seed
from escalation_client.events import encode
from services.database.engine import driver_url
from services.events.stream import EVENTS
from tests.conftest import NUMBERS, command
from tests.events import message, started
from tests.processes import PROGRAM, Processes, processes, wait_for
from tests.worker.doctor.doctor import whole_configuration
from worker.embedded import EmbeddedPostgres, EmbeddedValkey, LocalMailServer
from worker.embedded.ports import HOST, Port

USER, PASSWORD = "oncall", "flower-password-of-this-test"
# What people wrote, and who they are; each is looked for everywhere in Flower.
PERSON = {"name": "Ioanna Zorbapoulou", "username": "izorbapoulou", "email": "ioanna@zorba-farm.example.org"}
WORDS = ("burning smell near the purple winch", "ring Stavroula at the harbour", "spoke with Odysseas on the quay")
MARKS = (*PERSON.values(), *WORDS, "Zorbapoulou", "zorba-farm", "Odysseas")
SESSION = "session-in-flower"


class Flower:
    """Flower's pages with and without the login."""

    def __init__(self, address: str, password: str = PASSWORD) -> None:
        self.address = address
        self.login = httpx.Client(base_url=address, auth=(USER, password), timeout=30)
        self.stranger = httpx.Client(base_url=address, timeout=30)

    def tasks(self, name: str, state: str) -> dict[str, dict[str, Any]]:
        answer = self.login.get("/api/tasks", params={"taskname": f"escalation.{name}", "state": state})
        found: dict[str, dict[str, Any]] = answer.raise_for_status().json()
        return found

    @property
    def worker(self) -> str:
        """The name of the worker that does all but listening, once Flower knows it."""
        names = self.login.get("/api/workers", params={"refresh": "1"}).raise_for_status().json()
        return next((name for name in names if not name.startswith("listener")), "")

    def close(self) -> None:
        self.login.close()
        self.stranger.close()


@pytest.fixture(scope="module")
def flower(
    postgres: EmbeddedPostgres,
    template: str,
    valkey: EmbeddedValkey,
    mail_server: LocalMailServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Flower]:
    """With marked people and texts on every way that leads into the program, and with unhealthy queues."""
    name = f"flower_{next(NUMBERS)}"
    command(postgres, f"CREATE DATABASE {name} TEMPLATE {template}")
    url = postgres.url_of(name)
    engine = create_engine(driver_url(url))
    with engine.begin() as connection:
        seed(connection)
    engine.dispose()
    with Redis.from_url(valkey.url) as redis:
        redis.flushall()
    port = Port(None, "flower")
    environment = {
        **whole_configuration(mail_server),
        "DATABASE_URL": url,
        "REDIS_URL": valkey.url,
        "SUPPORT_EMAIL": "support@example.com",
        "FLOWER_USER": USER,
        "FLOWER_PASSWORD": PASSWORD,
        "FLOWER_PORT": str(port.number),
        "HEALTH_REJECTED_PER_HOUR": "0",
        "ESCALATION_EMBEDDED": "true",
    }
    with pytest.MonkeyPatch.context() as patch:
        for setting in Settings.model_fields:
            patch.delenv(setting.upper(), raising=False)
        with processes(environment, tmp_path_factory.mktemp("flower")) as family, running(family) as flower:
            fill(flower, url, valkey.url, mail_server.mail_dir)
            yield flower
    command(postgres, f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def running(family: Processes) -> Iterator[Flower]:
    """Flower, and what it tells of: two workers, as in the embedded stack, and beat."""
    flower = family.start("celery", "-A", "worker", "flower")
    family.worker()
    family.start(PROGRAM, "worker", "-Q", "listen", "-c", "1", "-n", "listener@test", "-l", "INFO").said("ready.")
    family.beat()
    flower.said("Visit me")
    with closing(Flower(f"http://{HOST}:{family.environment['FLOWER_PORT']}")) as pages:
        yield pages


def fill(flower: Flower, database_url: str, redis_url: str, mail_dir: Path) -> None:
    with closing(psycopg2.connect(database_url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor, Redis.from_url(redis_url) as redis:
            publish(redis, somebody(cursor))
            wait_for(lambda: mails(mail_dir), "the mail about what was marked")
            [number] = one(cursor, "SELECT ticket_number FROM public.support_tickets WHERE session_id = %s", SESSION)
            # From now on a task on tickets fails with PostgreSQL's words about the whole row.
            cursor.execute("ALTER TABLE public.support_tickets ADD CONSTRAINT own CHECK (status = 'open')")
            send(redis_url, number)
    for name, state in (("tickets.note", "SUCCESS"), ("tickets.resolve", "FAILURE"), ("submit_event", "SUCCESS")):
        wait_for(lambda name=name, state=state: flower.tasks(name, state), f"{name} as {state}")  # type: ignore[misc]
    wait_for(lambda: flower.tasks("queue_health", "FAILURE"), "a red queue_health")


def somebody(cursor: Any) -> str:
    """Give a user of the examples a name that is found nowhere else."""
    [user] = one(cursor, "SELECT min(id::text) FROM public.users")
    for name, value in PERSON.items():
        cursor.execute(f"UPDATE public.users SET {name} = %s WHERE id = %s", (value, user))
    return str(user)


def one(cursor: Any, statement: str, *parameters: str) -> tuple[Any, ...]:
    cursor.execute(statement, parameters)
    row: tuple[Any, ...] = cursor.fetchone()
    return row


def publish(redis: Redis, user: str) -> None:
    for event in (started(SESSION, user=user), message(SESSION, f"There is a {WORDS[0]}")):
        redis.xadd(EVENTS, {"event": encode(event)})
    redis.xadd(EVENTS, {"event": f'{{"type": "message.added", "content": "{WORDS[0]}"'})


def mails(folder: Path) -> bool:
    """Whether somebody was mailed about this person: else nothing below would prove anything."""
    return any(PERSON["name"] in path.read_text(encoding="utf-8", errors="replace") for path in
               folder.rglob("*.eml"))  # fmt: skip


def send(redis_url: str, number: str) -> None:
    """As a program that knows nothing of privacy would."""
    sender = Celery("abparts", broker=redis_url)
    sender.conf.broker_transport_options = {"global_keyprefix": "escalation:celery:"}
    event = json.loads(encode(message(SESSION, WORDS[1], seconds=2)))
    sender.send_task("escalation.submit_event", kwargs={"event": event}, queue="events")
    sender.send_task("escalation.tickets.note", args=[number, WORDS[2], "Odysseas"], queue="sweeps")
    sender.send_task("escalation.tickets.resolve", args=[number, WORDS[2], "Odysseas"], queue="sweeps")
    # Beat asks for it every half minute; here there is no need to wait.
    sender.send_task("escalation.queue_health", queue="sweeps")
    sender.close()
