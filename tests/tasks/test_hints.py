"""Hints are messages of Celery's, as Celery itself would write them, and each waits once."""

import json
from typing import Any

import pytest
from redis import Redis

from services.events.rings import add_claim, answer_ring
from services.installation import Installation
from tasks.celery_config import KEY_PREFIX, app
from tasks.hints import hint
from tests.tasks.conftest import installation, redis

__all__ = ["installation", "redis"]


def messages(redis: Redis, queue: str) -> list[dict[str, Any]]:
    lines: Any = redis.lrange(KEY_PREFIX + queue, 0, -1)
    return [json.loads(line) for line in lines]


def without_ids(message: dict[str, Any]) -> dict[str, Any]:
    """What must be the same in every message; the exchange is another way to the same list.

    A time limit is left to the task in the worker: Celery would write that of whoever sends.
    """
    headers = {name: value for name, value in message["headers"].items() if name not in {"id", "root_id", "timelimit"}}
    properties = {
        name: value
        for name, value in message["properties"].items()
        if name not in {"correlation_id", "delivery_tag", "delivery_info", "reply_to"}
    }
    return {**message, "headers": headers, "properties": properties}


@pytest.mark.parametrize(("name", "queue"), [("drain_events", "events"), ("relay_outcomes", "sweeps")])
def test_a_hint_is_the_message_that_celery_would_send(
    installation: Installation, redis: Redis, name: str, queue: str
) -> None:
    hint(name)
    app.send_task(f"escalation.{name}", queue=queue, retry=False)
    by_celery, by_us = messages(redis, queue)
    for part in ("headers", "properties"):
        assert without_ids(by_us)[part] == without_ids(by_celery)[part]
    assert without_ids(by_us) == without_ids(by_celery)
    assert by_us["headers"]["timelimit"] == [None, None]
    assert by_us["headers"]["id"] == by_us["headers"]["root_id"] == by_us["properties"]["correlation_id"]


def test_a_hint_is_sent_once_until_its_task_begins(installation: Installation, redis: Redis) -> None:
    hint("deliver_due")
    hint("deliver_due", "deliver_urgent", "relay_outcomes")
    assert [len(messages(redis, queue)) for queue in ("mail", "urgent", "sweeps")] == [1, 1, 1]
    answer_ring(redis, "deliver_due")
    hint("deliver_due")
    assert len(messages(redis, "mail")) == 2


def claims(redis: Redis, times: int) -> list[bool]:
    with redis.pipeline(transaction=False) as pipeline:
        for _ in range(times):
            add_claim(pipeline, "drain_events")
        return [bool(answer) for answer in pipeline.execute()]


def test_a_task_is_claimed_once_until_it_begins_and_not_where_a_hint_waits(
    installation: Installation, redis: Redis
) -> None:
    assert claims(redis, 2) == [True, False]
    hint("drain_events")
    assert messages(redis, "events") == []
    answer_ring(redis, "drain_events")
    hint("drain_events")
    assert claims(redis, 1) == [False]
    answer_ring(redis, "drain_events")
    assert claims(redis, 1) == [True]
