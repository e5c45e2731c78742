"""The primary behind Sentinels is killed while events flow: what was acknowledged is at the new primary."""

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from escalation_client import AsyncOutcomeReader, AsyncPublisher, ConfidenceReported, OutcomeReader, Publisher
from escalation_client.celery import enqueue, worker_app
from escalation_client.events import FIELD_OUTCOME, STREAM_OUTCOMES
from tests.client.replicated import Replicated, replicated
from tests.client.stream import report, sessions_in
from tests.client.test_outcomes import outcome


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Replicated]:
    with replicated(tmp_path) as cluster:
        cluster.wait_until_complete()
        yield cluster


def test_nothing_acknowledged_is_lost_when_the_primary_is_killed(cluster: Replicated, spool: Path) -> None:
    acknowledged: list[str] = []
    with Publisher(cluster.url, spool=spool, replicas=1, timeout=2) as publisher:
        deadline = time.monotonic() + 60
        pool: Any = publisher.redis.connection_pool
        while len(acknowledged) < 200 or pool.master_address[1] == cluster.primary.port:
            assert time.monotonic() < deadline, "no event reached a new primary"
            publisher.publish(report(f"s{len(acknowledged)}"))
            acknowledged.append(f"s{len(acknowledged)}")
            if len(acknowledged) == 100:
                cluster.primary.kill()
            time.sleep(0.01)
        assert publisher.flush(30)
    with Redis.from_url(cluster.new_primary().url) as redis:
        assert set(sessions_in(redis)) == set(acknowledged)


def test_all_parts_of_the_client_take_the_address(cluster: Replicated, spool: Path) -> None:
    async def publish() -> None:
        async with AsyncPublisher(cluster.url) as publisher, AsyncOutcomeReader(cluster.url) as reader:
            assert await reader.position() == "0-0"
            assert await publisher.tell(ConfidenceReported, session_id="loop", confidence=0.5)
            assert not (await publisher.publish_and_wait(report("waited"), 0)).confirmed

    asyncio.run(publish())
    assert enqueue(worker_app(cluster.url), report("celery"), cluster.url)
    with Redis.from_url(cluster.primary.url) as redis, OutcomeReader(cluster.url) as reader:
        assert sessions_in(redis) == ["loop", "waited", "celery"]
        assert redis.llen("escalation:celery:events") == 1
        redis.xadd(STREAM_OUTCOMES, {FIELD_OUTCOME: json.dumps(outcome("loop"))})
        assert reader.wait_for_outcome("loop", 1) is not None


def test_a_sentinel_that_is_gone_is_passed_over(cluster: Replicated) -> None:
    cluster.sentinels[0].kill()
    with Publisher(cluster.url) as publisher:
        assert publisher.publish(report("s1"))


def test_without_any_sentinel_events_wait_on_disk(cluster: Replicated, spool: Path) -> None:
    for sentinel in cluster.sentinels:
        sentinel.kill()
    with Publisher(cluster.url, spool=spool) as publisher:
        began = time.monotonic()
        assert publisher.publish_and_wait(report("s1"), 1).entry_id is None
        assert time.monotonic() - began < 2
        cluster.sentinels[1].start()
        assert publisher.flush(30)
    with Redis.from_url(cluster.primary.url) as redis:
        assert sessions_in(redis) == ["s1"]


def test_too_few_replicas_leave_an_event_on_disk(cluster: Replicated, spool: Path) -> None:
    for replica in cluster.replicas:
        replica.kill()
    with Publisher(cluster.url, spool=spool, replicas=1) as publisher:
        assert publisher.publish(report("s1")) is None
        assert not publisher.flush(4)
        with Redis.from_url(cluster.primary.url) as redis:
            assert sessions_in(redis) == ["s1"], "it piles up in the stream while nobody follows"
        cluster.replicas[0].start()
        assert publisher.flush(60)
    with Redis.from_url(cluster.replicas[0].url) as redis:
        assert "s1" in sessions_in(redis)
