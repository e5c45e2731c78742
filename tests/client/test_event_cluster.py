"""Events go to the nodes of a Redis Cluster, and everything else to the one Redis."""

import asyncio
import re
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import psutil
import pytest
from redis import Redis
from redis.exceptions import ClusterDownError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from escalation_client import AsyncPublisher, Event, Publisher, PublishError
from escalation_client.cluster import Slots
from escalation_client.cluster_address import ClusterAddress
from escalation_client.events import FIELD, decode
from escalation_client.layout import KEY_STREAMS, stream_name, stream_of
from tests.client.redis_cluster import SLOTS, ClusterMember, ClusterOfNodes, redis_cluster
from tests.client.replicated import HOST, PASSWORD
from tests.client.stream import report, reports, sessions_in
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


def test_each_stream_lies_on_a_node_of_its_own(cluster: ClusterOfNodes) -> None:
    assert {cluster.node_of(stream) for stream in STREAMS} == set(cluster.nodes)


def test_events_go_to_the_node_of_their_stream(kind: str, url: str, redis: Redis, cluster: ClusterOfNodes) -> None:
    events = reports(100)
    ids = publish(kind, url, cluster, events)
    for event, entry_id in zip(events, ids, strict=True):
        stream = stream_of(event.session_id, 4)
        assert command(cluster, stream, "XRANGE", stream, entry_id, entry_id)
    for stream in STREAMS:
        mine = [event.session_id for event in events if stream_of(event.session_id, 4) == stream]
        assert sessions_of(cluster, stream) == mine
    assert sessions_in(redis) == []


def test_with_the_rights_of_the_page_it_publishes(
    kind: str, url: str, redis: Redis, cluster: ClusterOfNodes, rights: list[str]
) -> None:
    publish(kind, url, as_assistant(cluster, rights), reports(20))
    assert sum(len(sessions_of(cluster, stream)) for stream in STREAMS) == 20


def test_where_no_worker_reads_the_cluster_events_go_to_the_one_redis(
    kind: str, url: str, redis: Redis, cluster: ClusterOfNodes
) -> None:
    command(cluster, KEY_STREAMS, "DEL", KEY_STREAMS)
    publish(kind, url, cluster, reports(3))
    assert sessions_in(redis) == ["s0", "s1", "s2"]


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


def test_while_a_node_is_gone_events_wait_on_disk(kind: str, url: str, cluster: ClusterOfNodes, spool: Path) -> None:
    away = stream_of("s0", 4)
    cluster.node_of(away).kill()
    assert publish(kind, url, cluster, [report("s0")], spool=spool) == [None]
    cluster.node_of(away).start()
    cluster.wait_until_whole()
    with Publisher(url, events_cluster=cluster.url, spool=spool) as publisher:
        assert publisher.flush(30)
    assert sessions_of(cluster, away) == ["s0"]


def test_an_absent_cluster_is_one_clear_error_without_the_password(url: str) -> None:
    with Publisher(url, events_cluster="redis-cluster://:hidden@127.0.0.1:1") as publisher:
        with pytest.raises(PublishError, match=r"127\.0\.0\.1") as caught:
            publisher.publish(report("s1"))
        assert "hidden" not in str(caught.value)


def test_events_are_taken_although_the_one_redis_is_away(cluster: ClusterOfNodes) -> None:
    with Publisher("redis://127.0.0.1:1/0", events_cluster=cluster.url) as publisher:
        receipt = publisher.publish_and_wait(report("s1"), 1)
    assert receipt.entry_id
    assert not receipt.confirmed


def test_replicas_that_are_asked_for_and_missing_leave_events_on_disk(
    url: str, cluster: ClusterOfNodes, spool: Path
) -> None:
    with Publisher(url, events_cluster=cluster.url, replicas=1, spool=spool, timeout=2) as publisher:
        assert publisher.publish(report("s1")) is None


@pytest.mark.parametrize(
    "wrong",
    ["redis://host:1", "redis-cluster://", "redis-cluster://:hidden@host:1/3", "redis-cluster://:hidden@host:port"],
)
def test_a_wrong_address_is_refused_without_its_password(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"redis-cluster://|hosts and ports") as caught:
        ClusterAddress.named_by(wrong)
    assert "hidden" not in str(caught.value)


def test_an_address_with_tls_and_without_a_port() -> None:
    address = ClusterAddress.named_by("rediss-cluster://user:p%40ss@one,[::1]:7000?ssl_ca_certs=/ca.pem")
    assert address.hosts == (("one", 6379), ("::1", 7000))
    assert address.url_of("::1", 7000) == "rediss://user:p%40ss@[::1]:7000/0?ssl_ca_certs=/ca.pem"
    assert "p%40ss" not in repr(address)
