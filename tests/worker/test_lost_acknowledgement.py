"""A Redis that hangs while a message is acknowledged: kombu logs it, and the next message is read all the same."""

import logging
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from kombu import Connection, Consumer, Queue

from tasks.celery_config import broker_of
from tests.client.replicated import replicated
from worker.celery_guards.messages import guard_the_lists
from worker.embedded import EmbeddedValkey

QUEUE = Queue("lost-acknowledgement", routing_key="lost-acknowledgement")


@contextmanager
def hanging(server: EmbeddedValkey) -> Iterator[None]:
    os.kill(server.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(server.pid, signal.SIGCONT)


def read_after_a_lost_answer(settle: str, server: EmbeddedValkey, url: str) -> None:
    guard_the_lists()
    taken: list[Any] = []
    broker = broker_of(url)
    options = broker["broker_transport_options"] | {"socket_timeout": 0.5, "socket_connect_timeout": 0.5}
    with Connection(broker["broker_url"], transport_options=options) as connection:
        channel = connection.channel()
        with connection.Producer() as producer:
            for number in range(2):
                producer.publish({"number": number}, routing_key=QUEUE.name, declare=[QUEUE])
        with Consumer(channel, [QUEUE], on_message=taken.append, prefetch_count=1):
            connection.drain_events(timeout=5)
            logger = logging.getLogger(__name__)
            with hanging(server):
                getattr(taken[0], f"{settle}_log_error")(logger, connection.connection_errors)
            connection.drain_events(timeout=5)
    assert [message.decode()["number"] for message in taken] == [0, 1]


@pytest.mark.parametrize("settle", ["ack", "reject"])
def test_the_next_message_is_read(settle: str, valkey: EmbeddedValkey, redis_url: str) -> None:
    read_after_a_lost_answer(settle, valkey, redis_url)


@pytest.mark.parametrize("settle", ["ack", "reject"])
def test_the_next_message_is_read_behind_a_sentinel(settle: str, tmp_path: Path) -> None:
    # One Sentinel makes no quorum, so the primary that hangs stays the primary.
    with replicated(tmp_path, replicas=0, sentinels=1) as cluster:
        read_after_a_lost_answer(settle, cluster.primary, cluster.url)
