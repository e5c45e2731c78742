"""What a worker tells Flower of its tasks: all of it, but a moment later, so that a task goes to its child first."""

import base64
import json
import time
from collections.abc import Iterator
from typing import Any

from redis import Redis

from escalation_client.events import encode
from services.events.stream import EVENTS
from tests.events import confidence
from tests.processes import SECONDS, Processes

WHOLE = ["task-received", "task-started", "task-succeeded"]
# Less than the worker waits; clocks are rounded.
AT_LEAST_SECONDS = 0.04


def test_a_task_goes_to_its_child_before_anybody_is_told_of_it(family: Processes, redis: Redis) -> None:
    family.worker("events", concurrency=1)
    untyped: Any = redis
    with untyped.monitor() as monitor:
        told = told_events(monitor)
        for number in range(3):
            redis.xadd(EVENTS, {"event": encode(confidence(f"s{number}", 0.1))})
            events = [next(told) for _ in WHOLE]
            assert [name for name, _ in events] == WHOLE
            assert events[0][1] >= AT_LEAST_SECONDS


def told_events(monitor: Any) -> Iterator[tuple[str, float]]:
    """Each event about a task, and so many seconds after it somebody was told."""
    deadline = time.monotonic() + SECONDS
    for said in monitor.listen():
        assert time.monotonic() < deadline, "it never came"
        command = said["command"]
        if command.startswith("PUBLISH") and "celeryev/task" in command:
            message = json.loads(command[command.index("{") :].replace('\\"', '"'))
            for event in json.loads(base64.b64decode(message["body"])):
                yield event["type"], said["time"] - event["timestamp"]
