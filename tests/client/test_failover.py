"""A Redis that moved: connections that still lead to a replica are dropped, and the event is sent once more."""

import asyncio
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from bench.chaos.proxy import Proxy, Streams
from escalation_client import AsyncPublisher, ConfidenceReported, OutcomeReader, Publisher, PublishError, ReadError
from tests.client.replicated import PASSWORD, Member, replicated
from tests.client.stream import report, sessions_in
from tests.processes import wait_for


class Service:
    """An address that leads to one server and then to another; connections that are open stay where they are."""

    def __init__(self, first: Member, second: Member) -> None:
        self.first, self.second = first, second
        self.target = first
        self.proxy = Proxy(self.dial)

    async def dial(self) -> Streams:
        return await asyncio.open_connection("127.0.0.1", self.target.port)

    @property
    def url(self) -> str:
        return f"redis://:{PASSWORD}@127.0.0.1:{self.proxy.port}/0"

    def move(self) -> None:
        """Exchange the two servers' parts, and lead new connections to the new primary."""
        with Redis.from_url(self.second.url) as second, Redis.from_url(self.first.url) as first:
            wait_for(lambda: first.wait(1, 100) == 1, "the replica to have everything")
            second.replicaof("NO", "ONE")
            first.replicaof("127.0.0.1", self.second.port)
            wait_for(lambda: first.info("replication")["role"] == "slave", "the old primary to be a replica")
        self.target = self.second


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Member, Member]]:
    with replicated(tmp_path_factory.mktemp("service"), replicas=1, sentinels=0) as both:
        yield both.primary, both.replicas[0]


@pytest.fixture
def service(servers: tuple[Member, Member]) -> Iterator[Service]:
    first, second = servers
    with Redis.from_url(first.url) as redis, Redis.from_url(second.url) as other:
        redis.replicaof("NO", "ONE")
        redis.flushall()
        other.replicaof("127.0.0.1", first.port)
        wait_for(lambda: redis.wait(1, 100) == 1, "the replica to follow")
    service = Service(first, second)
    with service.proxy:
        yield service


def arrived(service: Service) -> list[str]:
    with Redis.from_url(service.target.url) as redis:
        return sessions_in(redis)


def test_an_event_after_the_failover_arrives_at_once_and_not_on_disk(service: Service, spool: Path) -> None:
    with Publisher(service.url, spool=spool) as publisher:
        assert publisher.publish(report("before"))
        service.move()
        assert publisher.publish(report("after"))
        assert publisher.publish_many([report("many"), report("more")])[0]
    assert arrived(service) == ["before", "after", "many", "more"]


def test_without_a_spool_it_is_no_error_either(service: Service) -> None:
    with Publisher(service.url) as publisher:
        publisher.publish(report("before"))
        service.move()
        assert publisher.publish_and_wait(report("after"), 0).entry_id
        assert publisher.tell(ConfidenceReported, session_id="told", confidence=0.5)
    assert arrived(service) == ["before", "after", "told"]


def test_an_event_loop_s_publisher_does_the_same(service: Service) -> None:
    async def publish() -> None:
        async with AsyncPublisher(service.url) as publisher:
            # Several at once, so that several connections are kept.
            await asyncio.gather(*(publisher.publish(report("before")) for _ in range(5)))
            service.move()
            assert all(await asyncio.gather(*(publisher.publish(report("after")) for _ in range(5))))
            assert (await publisher.publish_and_wait(report("waited"), 0)).entry_id

    asyncio.run(publish())
    assert arrived(service) == ["before"] * 5 + ["after"] * 5 + ["waited"]


def test_a_spool_s_backlog_finds_the_new_primary(service: Service, spool: Path) -> None:
    with Publisher(service.url, spool=spool) as publisher:
        publisher.publish(report("before"))
        service.move()
        publisher.backlog.keep(['{"session_id":"spooled"}'])
        assert publisher.flush(20)
        with Redis.from_url(service.second.url) as redis:
            assert redis.xlen("escalation:events") == 2


def test_a_question_to_the_worker_is_asked_at_the_new_primary(service: Service) -> None:
    with OutcomeReader(service.url) as reader:
        assert reader.position() == "0-0"
        service.move()
        with pytest.raises(ReadError, match="no worker answered"):
            reader.history("s1", timeout=0.1)
    with Redis.from_url(service.second.url) as redis:
        assert redis.xlen("escalation:questions") == 1


def test_a_replica_for_good_is_an_error_that_says_so(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    with Redis.from_url(service.first.url) as first:
        first.replicaof("127.0.0.1", service.second.port)
        wait_for(lambda: first.info("replication")["role"] == "slave", "it to be a replica")
    with Publisher(service.url) as publisher, caplog.at_level(logging.WARNING):
        with pytest.raises(PublishError, match="read only") as caught:
            publisher.publish(report("s1"))
        assert "XADD" not in str(caught.value), "the command holds what a user wrote"
        with pytest.raises(PublishError, match="read only"):
            publisher.publish_and_wait(report("s1"), 1)
        assert publisher.tell(ConfidenceReported, session_id="s1", confidence=0.5) is None
    assert "confidence.reported" not in caplog.text
