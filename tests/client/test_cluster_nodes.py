"""Which node of a Redis Cluster is believed and asked: slots move, nodes leave, hang or are cut off."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from redis import Redis
from redis.exceptions import ClusterDownError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from escalation_client import AsyncPublisher, Publisher, PublishError
from escalation_client.cluster import Slots
from escalation_client.cluster_address import ClusterAddress
from escalation_client.layout import KEY_STREAMS, stream_of
from tests.client.event_cluster import STREAMS, as_assistant, cluster, formed, kind, publish, rights, sessions_of
from tests.client.redis_cluster import SLOTS, ClusterMember, ClusterOfNodes
from tests.client.replicated import HOST, PASSWORD
from tests.client.stream import report, reports

__all__ = ["cluster", "formed", "kind", "rights"]


def test_a_slot_that_has_moved_is_found(url: str, cluster: ClusterOfNodes) -> None:
    stream = stream_of("s0", 4)
    old = cluster.node_of(stream)
    new = next(node for node in cluster.nodes if node is not old)
    with Publisher(url, events_cluster=cluster.url) as publisher:
        publisher.publish(report("s0"))
        cluster.move(stream, old, new)
        try:
            publisher.publish(report("s0"))
            with Redis.from_url(new.url) as redis:
                assert redis.xlen(stream) == 2
        finally:
            cluster.move(stream, new, old)


def test_while_a_slot_is_on_the_move_events_follow_it(
    kind: str, url: str, cluster: ClusterOfNodes, rights: list[str]
) -> None:
    assistant = as_assistant(cluster, rights)
    stream = stream_of("s0", 4)
    old = cluster.node_of(stream)
    new = next(node for node in cluster.nodes if node is not old)
    events = reports(20)
    theirs = [event.session_id for event in events if stream_of(event.session_id, 4) == stream]
    publish(kind, url, assistant, events)
    try:
        with cluster.on_the_move(stream, old, new):
            publish(kind, url, assistant, events)
    finally:
        cluster.move(stream, new, old)
    assert sessions_of(cluster, stream) == theirs * 2
    assert sum(len(sessions_of(cluster, name)) for name in STREAMS) == 40


def test_who_may_not_follow_a_slot_is_told_so(kind: str, url: str, cluster: ClusterOfNodes, rights: list[str]) -> None:
    assistant = as_assistant(cluster, [*rights, "-asking"])
    stream = stream_of("s0", 4)
    old = cluster.node_of(stream)
    new = next(node for node in cluster.nodes if node is not old)
    publish(kind, url, assistant, [report("s0")])
    try:
        with cluster.on_the_move(stream, old, new), pytest.raises(PublishError, match="asking"):
            publish(kind, url, assistant, [report("s0")])
    finally:
        cluster.move(stream, new, old)


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[ClusterMember]:
    """A node that nobody else knows."""
    with ClusterMember(tmp_path / "alone") as node:
        yield node


def test_a_node_that_has_left_the_cluster_is_not_believed(
    kind: str, url: str, cluster: ClusterOfNodes, alone: ClusterMember
) -> None:
    """It names no node at all."""
    address = f"redis-cluster://:{PASSWORD}@{HOST}:{alone.port},{HOST}:{cluster.nodes[0].port}"
    publish(kind, url, ClusterOfNodes(cluster.nodes, address), reports(20))
    assert sum(len(sessions_of(cluster, stream)) for stream in STREAMS) == 20


def test_a_node_that_is_cut_off_is_believed_once(
    kind: str, url: str, cluster: ClusterOfNodes, alone: ClusterMember
) -> None:
    """It still names nodes as it knew them, here itself, and refuses all commands."""
    with Redis.from_url(alone.url) as redis:
        redis.execute_command("CLUSTER ADDSLOTSRANGE", 1, SLOTS - 1)
    address = f"redis-cluster://:{PASSWORD}@{HOST}:{alone.port},{HOST}:{cluster.nodes[0].port}"
    events = reports(20)

    async def run() -> None:
        async with AsyncPublisher(url, events_cluster=address) as publisher:
            with pytest.raises(PublishError, match="cluster is down"):
                await publisher.publish_many(events)
            await publisher.publish_many(events)

    if kind == "loop":
        asyncio.run(run())
    else:
        with Publisher(url, events_cluster=address) as publisher:
            with pytest.raises(PublishError, match="cluster is down"):
                publisher.publish_many(events)
            publisher.publish_many(events)
    assert sum(len(sessions_of(cluster, stream)) for stream in STREAMS) == 20


def test_nodes_that_know_no_host_of_their_own_are_where_they_were_asked(
    kind: str, url: str, cluster: ClusterOfNodes
) -> None:
    """As they answer with `cluster-preferred-endpoint-type hostname` where none is announced, or `unknown-endpoint`."""
    for answer in ("hostname", "unknown-endpoint"):
        with cluster.set("cluster-preferred-endpoint-type", answer, afterwards="ip"):
            publish(kind, url, cluster, reports(20))
    assert sum(len(sessions_of(cluster, stream)) for stream in STREAMS) == 40


def test_a_node_that_hangs_keeps_only_its_own_events(url: str, cluster: ClusterOfNodes) -> None:
    """It is the first of the address, and told last who has what: no lookup after its time-out meets it again."""
    on_first, on_second = (
        next(event for event in reports(20) if cluster.node_of(stream_of(event.session_id, 4)) is node)
        for node in cluster.nodes[:2]
    )
    assert cluster.node_of(KEY_STREAMS) is not cluster.nodes[0]
    process = psutil.Process(cluster.nodes[0].pid)
    with (
        cluster.set("cluster-require-full-coverage", "no", afterwards="yes"),
        Publisher(url, events_cluster=cluster.url, connect_timeout=2, timeout=2) as publisher,
    ):
        publisher.publish(on_first)
        process.suspend()
        try:
            for _ in range(3):
                with pytest.raises(PublishError):
                    publisher.publish(on_first)
                begun = time.monotonic()
                publisher.publish(on_second)
                assert time.monotonic() - begun < 1
        finally:
            process.resume()


def test_nodes_are_asked_in_the_order_of_what_is_known_of_them() -> None:
    slots = Slots(ClusterAddress.named_by("redis-cluster://one:1,two:2"))
    assert slots.askable() == [("one", 1), ("two", 2)]
    slots.note(RedisTimeoutError(), ("one", 1))
    assert slots.askable() == [("two", 2), ("one", 1)]
    answer = [[0, 99, [b"three", 3, b"id"], [b"?", 4, b"id"]], [100, SLOTS - 1, [None, 2, b"id"]]]
    assert slots.learn(answer, ("two", 2), STREAMS[0]) == ("two", 2)
    assert slots.askable() == [("two", 2), ("three", 3), ("two", 4), ("one", 1)]
    slots.note(RedisTimeoutError(), ("two", 2))
    slots.note(ResponseError("ERR that says nothing of the node"), ("three", 3))
    assert slots.askable() == [("three", 3), ("two", 4), ("two", 2), ("one", 1)]


def test_nodes_that_are_cut_off_are_not_asked_in_turns_with_each_other() -> None:
    cut_off, others = [("one", 1), ("two", 2)], [("three", 3), ("four", 4)]
    slots = Slots(ClusterAddress.named_by("redis-cluster://one:1,two:2,three:3,four:4"))
    for place in cut_off:
        assert slots.askable()[0] == place
        slots.learn([[0, SLOTS - 1, [b"one", 1, b"id"], [b"two", 2, b"id"]]], place, STREAMS[0])
        slots.note(ClusterDownError("The cluster is down"), ("one", 1))
    assert slots.askable() == [*others, *cut_off]
