"""A full Redis refuses what makes it larger; what waits in it becomes tickets all the same, and then it has room."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import OutOfMemoryError
from sqlalchemy import Connection, text

from escalation_client.events import encode
from services.events.stream import EVENTS, EventStream, ensure_group
from tests.events import message
from tests.processes import Processes, processes, wait_for
from worker.embedded import EmbeddedValkey
from worker.embedded.paths import temporary_folder

pytestmark = pytest.mark.long

TICKETS = text("SELECT count(*) FROM public.support_tickets")
ROOM = 3_000_000


@pytest.fixture
def server() -> Iterator[EmbeddedValkey]:
    with temporary_folder() as folder, EmbeddedValkey(folder / "valkey") as server:
        yield server


@pytest.fixture
def small(server: EmbeddedValkey) -> Iterator[Redis]:
    """A server of its own with room for little more than it holds, that throws nothing away."""
    with Redis.from_url(server.url) as redis:
        redis.config_set("maxmemory-policy", "noeviction")
        redis.config_set("maxmemory", int(redis.info("memory")["used_memory"]) + ROOM)
        yield redis


@pytest.fixture
def told(environment: dict[str, str], server: EmbeddedValkey, tmp_path: Path) -> Iterator[Processes]:
    with processes({**environment, "REDIS_URL": server.url, "LIVENESS_SECONDS": "30"}, tmp_path) as family:
        yield family


def fill(redis: Redis) -> int:
    """Publish until nothing more is taken; how many events there are."""
    published = 0
    try:
        while True:
            redis.xadd(EVENTS, {"event": encode(message(f"s{published}", "there is smoke " + "x" * 2_000))})
            published += 1
    except OutOfMemoryError:
        return published


def is_taken(redis: Redis) -> bool:
    try:
        redis.xadd(EVENTS, {"event": encode(message("after", "there is smoke"))})
    except OutOfMemoryError:
        return False
    return True


def test_events_that_filled_it_become_tickets_and_it_takes_new_ones(
    told: Processes, small: Redis, connection: Connection
) -> None:
    ensure_group(EventStream(small))
    published = fill(small)
    assert published > 500
    worker = told.start(
        "celery", "-A", "worker", "worker", "-Q", "events,urgent,mail,sweeps", "-c", "2", "-n", "w@test"
    )
    beat = told.start("celery", "-A", "worker", "beat")
    wait_for(lambda: connection.execute(TICKETS).scalar_one() == published, "all tickets", 120)
    wait_for(lambda: is_taken(small), "room for a new event", 60)
    wait_for(lambda: connection.execute(TICKETS).scalar_one() == published + 1, "the new one's ticket")
    for program in (worker, beat):
        assert program.popen.poll() is None, program.output[-3000:]


def test_a_worker_that_meets_it_at_work_goes_on_when_it_has_room(
    told: Processes, small: Redis, connection: Connection
) -> None:
    worker, beat = told.worker(), told.beat()
    # What somebody else keeps there, and takes away again.
    small.config_set("maxmemory", 1)
    worker.said("redis_is_full")
    wait_for(lambda: worker.output.count("redis_is_full") > 5, "some seconds of it")
    small.config_set("maxmemory", 0)
    small.xadd(EVENTS, {"event": encode(message("s", "there is smoke"))})
    wait_for(lambda: connection.execute(TICKETS).scalar_one() == 1, "the ticket")
    for program in (worker, beat):
        assert program.popen.poll() is None, program.output[-3000:]
    assert "Unrecoverable" not in worker.output
