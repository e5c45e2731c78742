"""Hostile Celery messages and stream entries, one after the other, for one real worker: it does nothing and goes on."""

import json
import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from celery import Celery
from redis import Redis
from sqlalchemy import Connection, create_engine, text

from escalation_client.events import encode
from services.database.engine import driver_url
from services.events.stream import EVENTS, GROUP
from tests.conftest import command
from tests.events import confidence
from tests.processes import Process, processes, wait_for
from tests.security.broker import QUEUE, QUEUE_NAME, UNACKNOWLEDGED, arguments, envelope, message, spoilt
from worker.celery_guards.messages import messages_set_aside
from worker.embedded import EmbeddedPostgres, EmbeddedValkey

DATABASE = "hostile"
TEXT = "Captain Nikos smells smoke"
REFUSED = "Received invalid task message"
# What is put into the queue, and what the worker's log says of it.
MESSAGES: dict[str, tuple[str, str]] = {
    "a task that is not ours": (message(arguments(TEXT), "os.system"), "Received unregistered task"),
    "a task of Celery itself": (message(arguments([], [TEXT]), "celery.map"), "celery.map is not offered here"),
    "arguments that the task has not": (message(arguments(TEXT)), "raised unexpected: TypeError"),
    "named arguments that are a list": (message(json.dumps([[], [TEXT], {}]).encode()), REFUSED),
    "a text for arguments": (message(json.dumps(TEXT).encode()), REFUSED),
    "a number for arguments": (message(b"7"), REFUSED),
    "nothing for arguments": (message(b"null"), REFUSED),
    "a message of protocol 1": (message(json.dumps({"args": [TEXT], "kwargs": {}}).encode()), REFUSED),
    "a task that is to follow": (message(json.dumps([[], {}, {"chain": [{"task": TEXT}]}]).encode()), REFUSED),
    "brackets without end": (message(b"[" * 200_000), "Can't decode message body"),
    "no JSON": (message(TEXT.encode(), argsrepr=TEXT), "Can't decode message body"),
    "a content type of its own": (message(TEXT.encode(), content_type="text/x-own"), REFUSED),
    "no name": (envelope(json.dumps(TEXT).encode(), "application/json", {}), "Received and deleted unknown message"),
    "no id": (envelope(arguments(), "application/json", {"task": "escalation.drain_events"}), REFUSED),
    "a time that is none": (message(arguments(), eta="tomorrow"), REFUSED),
    "a limit that is none": (message(arguments(), timelimit=TEXT), "succeeded"),
    "headers that are strange": (message(arguments(), shadow=TEXT, stamps=7, group=[TEXT], chord=TEXT), "succeeded"),
}
# What is put into the queue and is no message: kombu would end with the worker.
NO_MESSAGES: dict[str, str | bytes] = {
    "bytes that are no text": b"\xff\xfe" + TEXT.encode(),
    "a pickle": pickle.dumps(TEXT),
    "words": TEXT,
    "nothing": "",
    "brackets without end": "[" * 200_000,
    "a number of many digits": "1" * 10_000,
    "a list": json.dumps([TEXT]),
    "an object": json.dumps({TEXT: TEXT}),
    "a date that is none": spoilt("headers", {"eta": {"__type__": "datetime", "__value__": TEXT}}),
    "a decimal that is none": spoilt("headers", {"eta": {"__type__": "decimal", "__value__": TEXT}}),
    "headers that are a list": spoilt("headers", [TEXT]),
    "a task that is a list": spoilt("headers.task", [TEXT]),
    "no properties": spoilt("properties", None),
    "no tag": spoilt("properties.delivery_tag", None),
    "a tag that is a list": spoilt("properties.delivery_tag", [TEXT]),
    "a tag that no server takes": spoilt("properties.delivery_tag", "\ud800"),
    "no destination": spoilt("properties.delivery_info", {}),
    "an encoding of its own": spoilt("properties.body_encoding", TEXT),
    "no body": spoilt("body", None),
    "a body that is a number": spoilt("body", 7),
    "a body that is no Base64": spoilt("body", "abc"),
}


class Mark:
    """Leaves a file behind where it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str]]:
        return Path.touch, (self.path,)  # type: ignore[return-value]


@pytest.fixture(scope="module")
def database_url(postgres: EmbeddedPostgres, template: str) -> Iterator[str]:
    command(postgres, f"CREATE DATABASE {DATABASE} TEMPLATE {template}")
    yield postgres.url_of(DATABASE)
    command(postgres, f"DROP DATABASE {DATABASE} WITH (FORCE)")


@pytest.fixture(scope="module")
def redis(valkey: EmbeddedValkey) -> Iterator[Redis]:
    with Redis.from_url(valkey.url) as redis:
        redis.flushall()
        yield redis


@pytest.fixture(scope="module")
def worker(
    database_url: str, valkey: EmbeddedValkey, redis: Redis, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Process]:
    environment = {
        "DATABASE_URL": database_url,
        "REDIS_URL": valkey.url,
        "SUPPORT_EMAIL": "support@example.com",
        "SMTP_SERVER": "127.0.0.1",
        "SMTP_PORT": "1",
        "ESCALATION_EMBEDDED": "true",
        "LOCK_TIMEOUT_SECONDS": "30",
    }
    with processes(environment, tmp_path_factory.mktemp("worker")) as family:
        yield family.worker()


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection]:
    engine = create_engine(driver_url(database_url), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@pytest.fixture
def goes_on(worker: Process, redis: Redis, connection: Connection) -> Callable[[], None]:
    """Ask it whether the same worker still makes a ticket of an event, and keeps nothing of what was refused."""
    pid, sessions = worker.pid, iter(range(1_000))

    def check() -> None:
        session = f"good-{next(sessions)}-{redis.xlen(EVENTS)}"
        redis.xadd(EVENTS, {"event": encode(confidence(session, 0.1))})
        ticket = text("SELECT count(*) FROM public.support_tickets WHERE session_id = :session")
        wait_for(lambda: connection.execute(ticket, {"session": session}).scalar() == 1, "the next ticket")
        assert (worker.pid, worker.popen.poll()) == (pid, None)
        wait_for(lambda: redis.hlen(UNACKNOWLEDGED) == 0, "an end of what was refused")
        assert redis.llen(QUEUE) == 0

    return check


def log_after(worker: Process, before: int, words: str) -> str:
    wait_for(lambda: words in worker.output[before:] or worker.popen.poll() is not None, f"{words!r} in the log")
    return worker.output[before:]


@pytest.mark.parametrize("name", MESSAGES)
def test_a_hostile_message_is_refused(name: str, worker: Process, redis: Redis, goes_on: Callable[[], None]) -> None:
    hostile, said = MESSAGES[name]
    before = len(worker.output)
    redis.lpush(QUEUE, hostile)
    assert said in log_after(worker, before, said)
    goes_on()
    assert TEXT not in worker.output


@pytest.mark.parametrize("name", NO_MESSAGES)
def test_what_is_no_message_is_set_aside_and_counted(
    name: str, worker: Process, redis: Redis, goes_on: Callable[[], None]
) -> None:
    strange, said = NO_MESSAGES[name], '"event": "message_set_aside"'
    before, counted = len(worker.output), messages_set_aside(redis)[QUEUE_NAME]
    redis.lpush(QUEUE, strange)
    log = log_after(worker, before, said)
    goes_on()
    [line] = [json.loads(line) for line in log.splitlines() if said in line]
    assert (line["queue"], line["size"]) == (QUEUE_NAME, len(strange))
    assert messages_set_aside(redis)[QUEUE_NAME] == counted + 1
    assert TEXT not in worker.output


def test_a_pickle_is_never_opened(worker: Process, redis: Redis, goes_on: Callable[[], None], tmp_path: Path) -> None:
    mark = tmp_path / "opened"
    body = pickle.dumps([[Mark(mark)], {}, {}])
    pickle.loads(body)
    assert mark.exists()
    mark.unlink()
    before = len(worker.output)
    for content_type in ("application/x-python-serialize", "application/json", "binary"):
        redis.lpush(QUEUE, message(body, content_type=content_type))
        goes_on()
    assert "Refusing to deserialize untrusted content of type pickle" in worker.output[before:]
    assert not mark.exists()


def test_oversized_events_are_set_aside_however_they_came(
    redis: Redis, connection: Connection, goes_on: Callable[[], None], worker: Process
) -> None:
    event = json.loads(encode(confidence("large", 0.1)))
    large = {**event, "data": {**event["data"], "note": TEXT * 200_000}}
    redis.xadd(EVENTS, {"event": json.dumps(large)})
    redis.lpush(QUEUE, message(arguments(event={**large, "version": 1.0}), "escalation.submit_event"))
    found = text("SELECT reason FROM escalation.rejected_events WHERE reason LIKE '%262144%' OR reason LIKE '%256%'")
    wait_for(lambda: len(connection.execute(found).all()) == 2, "both set aside")
    goes_on()
    assert TEXT not in worker.output


def test_entries_of_any_shape_are_set_aside(
    redis: Redis, connection: Connection, goes_on: Callable[[], None], worker: Process
) -> None:
    shapes: list[dict[Any, Any]] = [
        {"other": TEXT},
        {"event": b"\xff\xfe" + TEXT.encode()},
        {"event": b"\x80\x04" + pickle.dumps(TEXT)},
        {"event": "[" * 100_000},
        {"event": "null"},
        {b"\xff": b"\x00"},
    ]
    before = connection.execute(text("SELECT count(*) FROM escalation.rejected_events")).scalar_one()
    for shape in shapes:
        redis.xadd(EVENTS, shape)
    goes_on()
    after = connection.execute(text("SELECT count(*) FROM escalation.rejected_events")).scalar_one()
    assert after - before == len(shapes)
    wait_for(lambda: redis.xpending(EVENTS, GROUP)["pending"] == 0, "the word to the stream that all is done")
    assert TEXT not in worker.output


@contextmanager
def locked_tickets(database_url: str) -> Iterator[None]:
    connection = psycopg2.connect(database_url)
    try:
        with connection.cursor() as cursor:
            cursor.execute("LOCK TABLE escalation.tickets, public.support_tickets")
        yield
    finally:
        connection.close()


def test_nobody_sees_the_arguments_of_a_task_at_work(
    worker: Process, valkey: EmbeddedValkey, goes_on: Callable[[], None], database_url: str, connection: Connection
) -> None:
    goes_on()
    number = connection.execute(text("SELECT ticket_number FROM public.support_tickets LIMIT 1")).scalar_one()
    sender = Celery("abparts", broker=valkey.url)
    sender.conf.broker_transport_options = {"global_keyprefix": "escalation:celery:"}
    notes: list[Any] = []

    def at_work() -> bool:
        active = sender.control.inspect(timeout=1).active() or {}
        notes[:] = [one for tasks in active.values() for one in tasks if one["name"] == "escalation.tickets.note"]
        return bool(notes)

    with locked_tickets(database_url):
        sender.send_task("escalation.tickets.note", args=[number, TEXT, "Maria"], queue="sweeps")
        wait_for(at_work, "the task at work")
    sender.close()
    assert (notes[0]["args"], notes[0]["kwargs"]) == ("(not shown)", "(not shown)")
    assert TEXT not in repr(notes)
    goes_on()
