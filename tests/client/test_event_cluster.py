"""Events go to the nodes of a Redis Cluster, and everything else to the one Redis."""

from pathlib import Path

import pytest
from redis import Redis

from escalation_client import Publisher, PublishError
from escalation_client.layout import KEY_STREAMS, stream_of
from tests.client.event_cluster import (
    STREAMS,
    as_assistant,
    cluster,
    command,
    formed,
    kind,
    publish,
    rights,
    sessions_of,
)
from tests.client.redis_cluster import ClusterOfNodes
from tests.client.stream import report, reports, sessions_in

__all__ = ["cluster", "formed", "kind", "rights"]


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
