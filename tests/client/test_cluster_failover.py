"""A node of a cluster dies and its replica takes over: what was confirmed is there."""

from pathlib import Path

from redis import Redis

from escalation_client import Publisher
from escalation_client.events import FIELD, decode
from escalation_client.layout import KEY_STREAMS, stream_name, stream_of
from tests.client.redis_cluster import redis_cluster
from tests.client.replicated import role_of
from tests.client.stream import report
from tests.processes import wait_for

STREAMS = [stream_name(number) for number in range(4)]
SESSIONS = [f"s{number}" for number in range(400)]


def test_a_failover_loses_nothing_that_a_replica_confirmed(url: str, tmp_path: Path, spool: Path) -> None:
    with redis_cluster(tmp_path, 3, replicated=True) as cluster:
        with Redis.from_url(cluster.node_of(KEY_STREAMS).url) as redis:
            redis.set(KEY_STREAMS, 4)
        place = next(place for place, node in enumerate(cluster.nodes) if node is not cluster.node_of(KEY_STREAMS))
        dying, heir = cluster.nodes[place], cluster.replicas[place]
        confirmed = 0
        with Publisher(url, events_cluster=cluster.url, replicas=1, spool=spool, timeout=5) as publisher:
            for session in SESSIONS:
                has_entry = publisher.publish(report(session)) is not None
                confirmed += has_entry
                if confirmed >= 100 and has_entry and cluster.node_of(stream_of(session, 4)) is dying:
                    dying.kill()
            assert 100 <= confirmed < len(SESSIONS)
            wait_for(lambda: role_of(heir) == "master", "the replica to take over")
            # It has no replica until the dead one comes back as one.
            dying.start()
            assert publisher.flush(60)
        holders = [heir if node is dying else node for node in cluster.nodes]
        found = [session for node in holders for session in sessions_on(node.url)]
        assert sorted(set(found)) == sorted(SESSIONS)


def sessions_on(url: str) -> list[str]:
    """Those of the events in the streams that a node has itself."""
    with Redis.from_url(url) as redis:
        mine = [stream for stream in STREAMS if stream.encode() in redis.keys("escalation:events:*")]
        entries = [entry for stream in mine for entry in redis.xrange(stream)]
    return [decode(fields[FIELD.encode()]).session_id for _, fields in entries]
