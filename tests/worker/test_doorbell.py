"""The doorbell as a thread of this process, beside a real Redis and a cluster that never answers."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import takewhile
from typing import Any

import pytest
from redis import Redis

from services.events.stream import EVENTS, EventStream
from services.installation import Installation
from tasks.celery_config import KEY_PREFIX
from tests.processes import wait_for
from tests.tasks.conftest import forget, installation, redis
from worker.doorbell import watch, watch_stream
from worker.liveness.program.signs import DOORBELL, SIGNS

__all__ = ["installation", "redis"]

HINTS = KEY_PREFIX + "events"


@pytest.fixture
def silent_cluster(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Takes connections and says nothing, as a node that hangs."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setenv("EVENTS_CLUSTER_URL", f"redis-cluster://127.0.0.1:{server.getsockname()[1]}")
        forget()
        yield
        monkeypatch.delenv("EVENTS_CLUSTER_URL")


@contextmanager
def running(run: Callable[[threading.Event], object]) -> Iterator[threading.Thread]:
    stopping = threading.Event()
    thread = threading.Thread(target=run, args=(stopping,))
    thread.start()
    yield thread
    stopping.set()
    thread.join()


@pytest.mark.usefixtures("silent_cluster")
def test_a_cluster_that_hangs_delays_no_hint_for_the_one_stream(redis: Redis) -> None:
    with running(watch):
        for number in range(3):
            redis.xadd(EVENTS, {"event": "{}"})
            wait_for(lambda number=number: redis.llen(HINTS) > number, "a hint", 2)  # type: ignore[misc]
            redis.delete("escalation:waiting:drain_events")


@pytest.mark.usefixtures("installation")
@pytest.mark.parametrize("is_one_of_a_cluster", [False, True])
def test_what_has_come_is_noted_before_the_ring_so_that_what_comes_later_is_rung_for_again(
    redis: Redis, is_one_of_a_cluster: bool
) -> None:
    def run(stopping: threading.Event) -> None:
        watch_stream(stopping, EventStream(redis)) if is_one_of_a_cluster else watch(stopping)

    untyped: Any = redis
    with untyped.monitor() as monitor, running(run):
        redis.xadd(EVENTS, {"event": "{}"})
        commands = (said["command"].partition(" ")[0] for said in monitor.listen())
        before = list(takewhile(lambda command: command != "LPUSH", commands))
    assert "XREVRANGE" in before[before.index("XADD") :]


def test_a_thread_that_has_died_counts_as_the_doorbells_silence(redis: Redis) -> None:
    def silence() -> float:
        return SIGNS.silent(share=0.0)[DOORBELL]

    SIGNS.expect(DOORBELL, 60)
    died = threading.Thread(target=lambda: None)
    died.start()
    died.join()
    try:
        with running(threading.Event.wait) as alive, running(lambda stopping: watch(stopping, [alive])):
            wait_for(lambda: silence() > 1, "a moment without a sign")
            redis.xadd(EVENTS, {"event": "{}"})
            wait_for(lambda: silence() < 1, "a sign")
        with running(lambda stopping: watch(stopping, [died])):
            redis.xadd(EVENTS, {"event": "{}"})
            wait_for(lambda: redis.llen(HINTS), "a hint nevertheless")
            before = silence()
            redis.xadd(EVENTS, {"event": "{}"})
            wait_for(lambda: silence() > before + 1, "more silence")
    finally:
        SIGNS.forget(DOORBELL)
