"""A slot of a cluster on the move: the worker's commands for its stream follow it, as ASK tells."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from redis import Redis

from config.settings import get_settings
from escalation_client.layout import stream_of
from services.events.layout import announce_streams, event_streams
from services.events.stream import EventStream, acknowledge, events_cluster, publisher_of, read_new, reclaim
from services.events.trimming import erase_entries
from services.installation import Installation
from services.monitoring.health import measure_all_streams
from tasks.evaluation.drain import drain
from tests.client.redis_cluster import ClusterOfNodes, redis_cluster
from tests.events import confidence
from tests.tasks.conftest import forget

SESSIONS = [f"session-{number}" for number in range(20)]
STREAM = stream_of(SESSIONS[0], 2)


@pytest.fixture
def cluster(
    installation: Installation, redis: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ClusterOfNodes]:
    """Two nodes, and a worker that has told publishers of two streams."""
    with redis_cluster(tmp_path, nodes=2) as cluster:
        monkeypatch.setenv("EVENTS_CLUSTER_URL", cluster.url)
        monkeypatch.setenv("EVENT_STREAMS", "2")
        # One drain reads all streams, however slow the machine is.
        monkeypatch.setenv("DRAIN_SECONDS", "60")
        forget()
        announce_streams(redis)
        yield cluster
        events_cluster().close()  # type: ignore[union-attr]


def publish(*sessions: str) -> None:
    with publisher_of(get_settings()) as publisher:
        publisher.publish_many([confidence(session, 0.9) for session in sessions])


def the_stream(redis: Redis) -> EventStream:
    return next(stream for stream in event_streams(redis) if stream.name == STREAM)


def test_events_are_drained_from_where_the_slot_moves_to(
    cluster: ClusterOfNodes, redis: Redis, installation: Installation
) -> None:
    source = cluster.node_of(STREAM)
    target = next(node for node in cluster.nodes if node is not source)
    publish(*SESSIONS)
    with cluster.on_the_move(STREAM, source, target):
        publish(*SESSIONS)
        assert measure_all_streams(redis).lag == 2 * len(SESSIONS)
        assert drain(redis, replace(installation, settings=get_settings())).duplicates == len(SESSIONS)
        assert measure_all_streams(redis)[:2] == (0, 0)
        assert erase_entries(redis, SESSIONS).gone == 2 * len(SESSIONS)


def test_what_was_read_before_is_taken_over_and_acknowledged_there(cluster: ClusterOfNodes, redis: Redis) -> None:
    source = cluster.node_of(STREAM)
    target = next(node for node in cluster.nodes if node is not source)
    publish(SESSIONS[0])
    read = read_new(the_stream(redis), 10)
    with cluster.on_the_move(STREAM, source, target):
        assert reclaim(the_stream(redis), 0, 10) == read
        acknowledge(the_stream(redis), [entry.entry_id for entry in read])
        assert measure_all_streams(redis)[:2] == (0, 0)
    publish(SESSIONS[0])
    assert len(read_new(the_stream(redis), 10)) == 1


def test_a_stream_that_begins_while_its_slot_is_on_the_move_begins_there(cluster: ClusterOfNodes, redis: Redis) -> None:
    source = cluster.node_of(STREAM)
    target = next(node for node in cluster.nodes if node is not source)
    with cluster.on_the_move(STREAM, source, target):
        assert read_new(the_stream(redis), 10) == []
        publish(SESSIONS[0])
        assert len(read_new(the_stream(redis), 10)) == 1
