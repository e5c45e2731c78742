"""Four event streams on four Valkeys in cluster mode, and everything else on the one Redis."""

import json
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from sqlalchemy import Connection, text

from escalation_client import Publisher
from escalation_client.events import encode
from escalation_client.layout import KEY_STREAMS, stream_name, stream_of
from services.events.stream import EVENTS, GROUP
from tests.acceptance.test_kills import (
    SESSIONS,
    SMALL_BATCHES,
    assert_nothing_lost_and_nothing_doubled,
    count,
    half_done,
    storm,
)
from tests.client.redis_cluster import ClusterOfNodes, redis_cluster
from tests.events import message
from tests.forks import run
from tests.observe.test_exporter import Exporter
from tests.processes import Processes, processes, wait_for
from worker.embedded.ports import Port

STREAMS = [stream_name(number) for number in range(4)]


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[ClusterOfNodes]:
    with redis_cluster(tmp_path) as cluster:
        yield cluster


@pytest.fixture
def family(environment: dict[str, str], cluster: ClusterOfNodes, tmp_path: Path) -> Iterator[Processes]:
    more = {"EVENTS_CLUSTER_URL": cluster.url, "EVENT_STREAMS": "4"}
    with processes({**environment, **more}, tmp_path) as family:
        yield family


def told(cluster: ClusterOfNodes) -> bool:
    with Redis.from_url(cluster.node_of(KEY_STREAMS).url) as redis:
        return bool(redis.get(KEY_STREAMS) == b"4")


def pending(cluster: ClusterOfNodes) -> int:
    found = 0
    for stream in STREAMS:
        with Redis.from_url(cluster.node_of(stream).url) as redis:
            summary: Any = redis.xpending(stream, GROUP) if redis.exists(stream) else {"pending": 0}
            found += summary["pending"]
    return found


def command(family: Processes, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """A command of ours with the family's settings."""
    return run(["worker", *arguments], family.environment)


def tickets(connection: Connection) -> list[str]:
    return list(connection.execute(text("SELECT session_id FROM public.support_tickets ORDER BY 1")).scalars())


def test_events_of_every_node_become_tickets_and_all_commands_know_them(
    family: Processes, cluster: ClusterOfNodes, redis: Redis, redis_url: str, connection: Connection
) -> None:
    family.worker()
    wait_for(lambda: told(cluster), "the number of streams on the cluster")
    sessions = sorted(f"s{number}" for number in range(20))
    with Publisher(redis_url, events_cluster=cluster.url) as publisher:
        for session in sessions:
            publisher.publish(message(session, "i want to talk to a human"))
        outcome = publisher.outcomes.wait_for_outcome("s0", 20)
    assert outcome is not None
    wait_for(lambda: tickets(connection) == sessions, "the tickets, by the doorbell alone")
    assert redis.xlen(EVENTS) == 0
    with Publisher(redis_url) as before:
        before.publish(message("a client that knows no cluster", "i want to talk to a human"))
    wait_for(lambda: len(tickets(connection)) == 21, "its ticket")
    status = json.loads(command(family, "status", "--json").stdout)["redis"]
    assert status["not_read_by_stream"] == dict.fromkeys([EVENTS, *STREAMS], 0)
    findings = [json.loads(line) for line in command(family, "doctor", "--json").stdout.splitlines()]
    looked_at = {one["tried"]: one["level"] for one in findings}
    assert {looked_at[f"look at the stream {stream}"] for stream in [EVENTS, *STREAMS]} == {"ok"}
    assert len([one for one in findings if one["part"].startswith("redis 127.0.0.1") and one["level"] == "ok"]) == 4
    assert command(family, "publish", "hello there", "--session", "s0").returncode == 0
    with Redis.from_url(cluster.node_of(stream_of("s0", 4)).url) as node:
        assert "hello there" in str(node.xrange(stream_of("s0", 4)))


def test_the_exporter_counts_the_streams_of_the_nodes_and_tells_the_fullest(
    family: Processes, cluster: ClusterOfNodes, redis: Redis
) -> None:
    port = Port(None, "exporter")
    exporter = Exporter(family, port.number)
    for place, stream in enumerate(STREAMS):
        with Redis.from_url(cluster.node_of(stream).url) as node:
            node.config_set("maxmemory", f"{100 * (place + 1)}mb")
            for number in range(place + 1):
                node.xadd(stream, {"event": encode(message(f"s{number}", "hello"))})
    wait_for(lambda: exporter.value("escalation_stream_lag") == 10, "all four streams")
    assert [exporter.value("escalation_lag_by_stream", stream=stream) for stream in STREAMS] == [1, 2, 3, 4]
    with Redis.from_url(cluster.node_of(STREAMS[0]).url) as fullest:
        used = fullest.info("memory")["used_memory"] / (100 * 1024 * 1024)
    assert exporter.value("escalation_redis_memory_ratio") == pytest.approx(used, rel=0.2)


def test_a_person_is_erased_from_the_nodes(
    family: Processes, cluster: ClusterOfNodes, redis_url: str, connection: Connection
) -> None:
    family.worker("events,sweeps")
    wait_for(lambda: told(cluster), "the number of streams on the cluster")
    assert command(family, "publish", "Zebulon was here", "--session", "s1", "--user", "zq-1").returncode == 0
    wait_for(lambda: count(connection, "escalation.event_inbox") == 2, "both events")
    wait_for(lambda: pending(cluster) == 0, "their acknowledgement")
    done = command(family, "privacy", "erase-user", "zq-1")
    assert (done.returncode, "2 events taken out of the stream" in done.stdout) == (0, True)


@pytest.mark.long
def test_a_node_and_a_worker_are_killed_in_the_middle_of_two_thousand_events(
    family: Processes, cluster: ClusterOfNodes, redis_url: str, connection: Connection, tmp_path: Path
) -> None:
    family.environment |= SMALL_BATCHES
    worker = family.worker()
    family.worker()
    wait_for(lambda: told(cluster), "the number of streams on the cluster")
    family.beat()
    with Publisher(redis_url, events_cluster=cluster.url, spool=tmp_path / "spool", timeout=2) as publisher:
        events, pause = storm(), threading.Event()
        for begin in range(0, len(events), 100):
            publisher.publish_many(events[begin : begin + 100])
            pause.wait(0.1)
            if begin == 500:
                half_done(connection)
                cluster.nodes[2].kill()
                worker.kill()
            if begin == 1_000:
                cluster.nodes[2].start()
                worker.restart()
        assert publisher.flush(60)
    wait_for(lambda: count(connection, "escalation.event_inbox") == 10 * SESSIONS, "all events in the inbox", 120)
    wait_for(lambda: pending(cluster) == 0, "nothing pending")
    assert_nothing_lost_and_nothing_doubled(connection)


@pytest.mark.long
def test_a_node_that_is_away_is_named_and_keeps_nobody_from_the_one_stream(
    family: Processes, cluster: ClusterOfNodes, redis_url: str, connection: Connection
) -> None:
    cluster.nodes[1].kill()
    family.worker()
    family.beat()
    with Publisher(redis_url) as before:
        before.publish(message("s1", "i want to talk to a human"))
    wait_for(lambda: tickets(connection) == ["s1"], "the ticket")
    findings = [json.loads(line) for line in command(family, "doctor", "--json").stdout.splitlines()]
    assert [one for one in findings if one["level"] == "broken" and "CLUSTER NODES" in one["remedy"]]
