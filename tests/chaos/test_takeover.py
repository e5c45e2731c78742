"""An event in the hands of a killed process is taken over within 15 seconds, with the settings of production."""

import time
from typing import Any

import psutil
import pytest
from redis import Redis
from sqlalchemy import Connection, text

from bench.chaos.hands import consumer
from escalation_client.events import encode
from services.events.stream import EVENTS, GROUP, EventStream, ensure_group
from tests.acceptance.conftest import environment, family
from tests.events import confidence
from tests.processes import Process, Processes, wait_for

pytestmark = pytest.mark.long

__all__ = ["environment", "family"]

PROMISED_SECONDS = 15.0
# None of a child's batches comes to its end while somebody holds this.
HOLD = text("LOCK TABLE escalation.event_inbox IN ACCESS EXCLUSIVE MODE")
STORED = text("SELECT count(*) FROM escalation.event_inbox")


def hands(redis: Redis) -> dict[str, int]:
    """How many entries each consumer has read and not finished."""
    pending: Any = redis.xpending(EVENTS, GROUP)
    return {one["name"].decode(): one["pending"] for one in pending["consumers"]}


def child(worker: Process) -> psutil.Process:
    wait_for(worker.children, "the worker's child")
    return worker.children()[0]


def test_what_a_killed_child_and_a_killed_worker_had_in_hand_is_taken_over_in_time(
    family: Processes, redis: Redis, connection: Connection
) -> None:
    ensure_group(EventStream(redis))
    family.environment |= {"BATCH_SIZE": "10", "LOCK_TIMEOUT_SECONDS": "60"}
    # Sweeps read the table too, and one that waits for the lock keeps its child: they have a worker of their own.
    workers = [family.worker("events", concurrency=1) for _ in range(2)]
    family.worker("sweeps")
    family.beat()
    children = [child(worker) for worker in workers]
    names = {consumer(one.pid) for one in children}
    with connection.engine.execution_options(isolation_level="READ COMMITTED").begin() as holder:
        holder.execute(HOLD)
        for number in range(30):
            redis.xadd(EVENTS, {"event": encode(confidence(f"s{number}", 0.9))})
        wait_for(lambda: names <= hands(redis).keys(), "events in the hands of both children")
        children[0].kill()
        workers[1].kill()
        killed = time.monotonic()
    wait_for(lambda: not hands(redis) and connection.execute(STORED).scalar_one() == 30, "everything stored")
    assert time.monotonic() - killed < PROMISED_SECONDS
