"""Assistants that use Celery: the event is in the stream, and the message to the worker carries nothing of it."""

import json
import logging
from typing import Any

import pytest
from celery import Celery
from redis import Redis

from escalation_client import MessageAdded, PublishError
from escalation_client.celery import enqueue
from tests.client.stream import events_in
from worker.embedded import EmbeddedValkey

QUEUE = "escalation:celery:events"
EVENT = MessageAdded(session_id="s1", message_id="m1", sender="user", content="Smoke from the cabinet")


@pytest.fixture
def app(url: str) -> Celery:
    return Celery("assistant", broker=url, set_as_current=False)


def messages(redis: Redis) -> list[dict[str, Any]]:
    return [json.loads(raw) for raw in redis.lrange(QUEUE, 0, -1)]


def test_the_event_is_in_the_stream_and_the_worker_gets_a_hint_without_arguments(app: Celery, redis: Redis) -> None:
    assert enqueue(app, EVENT)
    assert events_in(redis) == [EVENT]
    [message] = messages(redis)
    assert message["headers"]["task"] == "escalation.drain_events"
    assert "Smoke" not in json.dumps(message)
    assert redis.exists(QUEUE, "escalation:events") == 2
    assert not redis.exists("events", "_kombu.binding.events")


def test_another_broker_s_application_names_the_worker_s_redis(url: str, redis: Redis) -> None:
    rabbit = Celery("assistant", broker="amqp://guest@localhost//", set_as_current=False)
    with pytest.raises(ValueError, match="amqp"):
        enqueue(rabbit, EVENT)
    assert enqueue(rabbit, EVENT, url)
    assert len(messages(redis)) == 1


def test_a_hint_that_fails_is_logged_and_the_event_is_safe(
    app: Celery, redis: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    redis.set(QUEUE, "no list")
    with caplog.at_level(logging.WARNING):
        assert enqueue(app, EVENT)
    assert events_in(redis) == [EVENT]
    assert str(EVENT.id) in caplog.text
    assert "Smoke" not in caplog.text


def test_an_absent_redis_is_a_publish_error(app: Celery, server: EmbeddedValkey) -> None:
    server.kill()
    with pytest.raises(PublishError, match=r"127\.0\.0\.1"):
        enqueue(app, EVENT)
