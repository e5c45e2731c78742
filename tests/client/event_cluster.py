"""A Redis Cluster that holds the event streams, and publishers of both kinds."""

import asyncio
import re
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from redis import Redis

from escalation_client import AsyncPublisher, Event, Publisher
from escalation_client.events import FIELD, decode
from escalation_client.layout import KEY_STREAMS, stream_name
from tests.client.redis_cluster import ClusterOfNodes, redis_cluster
from tests.client.replicated import PASSWORD
from tests.processes import ROOT

STREAMS = [stream_name(number) for number in range(4)]


@pytest.fixture(scope="module")
def formed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClusterOfNodes]:
    with redis_cluster(tmp_path_factory.mktemp("cluster")) as formed:
        yield formed


@pytest.fixture
def cluster(formed: ClusterOfNodes) -> ClusterOfNodes:
    """Empty, and told as one of four streams."""
    for node in formed.nodes:
        node.start()
    formed.wait_until_whole()
    for node in formed.nodes:
        with Redis.from_url(node.url) as redis:
            redis.flushall()
    command(formed, KEY_STREAMS, "SET", KEY_STREAMS, 4)
    return formed


@pytest.fixture
def rights() -> list[str]:
    """Those of an assistant, as the page says them."""
    page = (ROOT / "docs" / "operate.md").read_text(encoding="utf-8")
    [rights] = re.findall(r"for assistants `(~\S+ [^`]*)`", page)
    return str(rights).split()


def as_assistant(cluster: ClusterOfNodes, rights: Sequence[str]) -> ClusterOfNodes:
    """The same nodes, by the address of a user who has these rights and no others."""
    for node in cluster.nodes:
        with Redis.from_url(node.url) as there:
            there.execute_command("ACL", "SETUSER", "assistant", "reset", "on", ">pw", *rights)
    return ClusterOfNodes(cluster.nodes, cluster.url.replace(f":{PASSWORD}@", "assistant:pw@"))


@pytest.fixture(params=["threads", "loop"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def command(cluster: ClusterOfNodes, key: str, *words: Any) -> Any:
    """The answer of the node that has a key."""
    with Redis.from_url(cluster.node_of(key).url) as redis:
        return redis.execute_command(*words)


def sessions_of(cluster: ClusterOfNodes, stream: str) -> list[str]:
    with Redis.from_url(cluster.node_of(stream).url) as redis:
        entries: Any = redis.xrange(stream)
    return [decode(fields[FIELD.encode()]).session_id for _, fields in entries]


def publish(kind: str, url: str, cluster: ClusterOfNodes, events: Sequence[Event], **more: Any) -> list[str | None]:
    if kind == "threads":
        with Publisher(url, events_cluster=cluster.url, **more) as publisher:
            return publisher.publish_many(events)

    async def run() -> list[str | None]:
        async with AsyncPublisher(url, events_cluster=cluster.url, **more) as publisher:
            return await publisher.publish_many(events)

    return asyncio.run(run())
