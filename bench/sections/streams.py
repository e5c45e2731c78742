"""Events spread over several streams, on one Redis and on a Redis Cluster, and what of the work is the servers'."""

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack

import psutil
from redis import Redis

from bench.mix import mixed
from bench.results import Section
from bench.sections.effort import Effort
from bench.stand import Round, Stand, wait
from escalation_client.layout import Layout, stream_name
from services.events.stream import EVENTS, GROUP, EventStream
from services.monitoring.health import measure_stream
from tests.client.redis_cluster import ClusterOfNodes, redis_cluster

WORDS = {
    "1": "one stream",
    "2": "two streams",
    "4": "four streams",
    "cluster": "four streams on a Redis Cluster of four",
}
WORKERS, CHILDREN, NODES, AT_ONCE = 2, 2, 4, 500


def run(stand: Stand, effort: Effort) -> Section:
    """`speeds` are events a second, `times` the servers' share of the processor time that all of it took."""
    section = Section(words=WORDS)
    lines = mixed(effort.count(40_000))
    with redis_cluster(stand.folder / "cluster", NODES) as cluster:
        for turn in effort.turns():
            for key in WORDS:
                number, nodes = (NODES, cluster) if key == "cluster" else (int(key), None)
                speed, share = spread(stand, lines, number, nodes)
                section.add(key, speed)
                section.times.setdefault(key, []).append(share)
                effort.say(f"round {turn}: {WORDS[key]}: {speed:,.0f}/s, the servers' share {share:.0%}")
    return section


def spread(stand: Stand, lines: Sequence[str], number: int, cluster: ClusterOfNodes | None) -> tuple[float, float]:
    """Let two workers empty a backlog that appears at once in all streams: events a second, and the servers' share."""
    settings = {"EVENT_STREAMS": str(number)} | ({"EVENTS_CLUSTER_URL": cluster.url} if cluster else {})
    servers = [stand.postgres.pid, stand.valkey.pid, *(node.pid for node in (cluster.nodes if cluster else ()))]
    with stand.round(**settings) as one, ExitStack() as stack:
        streams = [*streams_of(one, number, cluster, stack)]
        prepare(streams, lines)
        workers = one.workers(WORKERS, "events", children=CHILDREN)
        before = used(servers), used([worker.pid for worker in workers])
        began = time.time()
        for stream in streams:
            stream.redis.rename(backlog(stream), stream.name)
        ended = wait(lambda: is_done(streams), "the last event", pause=0.005)
        after = used(servers), used([worker.pid for worker in workers])
        stored = one.scalar("SELECT count(*) FROM escalation.event_inbox")
    if stored != len(lines):
        raise AssertionError(f"{len(lines)} events were published and {stored} stored")
    theirs, ours = (after[place] - before[place] for place in (0, 1))
    return len(lines) / (ended - began), theirs / (theirs + ours)


def streams_of(one: Round, number: int, cluster: ClusterOfNodes | None, stack: ExitStack) -> Iterator[EventStream]:
    """The streams, all empty."""
    if number == 1:
        yield EventStream(one.redis, EVENTS)
        return
    for name in map(stream_name, range(number)):
        redis = stack.enter_context(Redis.from_url(cluster.node_of(name).url)) if cluster else one.redis
        redis.delete(name)
        yield EventStream(redis, name)


def backlog(stream: EventStream) -> str:
    """Another name in the same slot, so that a rename lets the stream appear at once."""
    return stream.name.replace("escalation:events", "bench:backlog")


def prepare(streams: Sequence[EventStream], lines: Sequence[str]) -> None:
    layout = Layout()
    layout.learn(str(len(streams)) if len(streams) > 1 else None)
    placed = layout.place(lines)
    for stream in streams:
        stream.redis.delete(backlog(stream))
        stream.redis.xgroup_create(backlog(stream), GROUP, id="0", mkstream=True)
        theirs = [text for name, text in placed if name == stream.name]
        for begin in range(0, len(theirs), AT_ONCE):
            with stream.redis.pipeline(transaction=False) as pipeline:
                for text in theirs[begin : begin + AT_ONCE]:
                    pipeline.xadd(backlog(stream), {"event": text})
                pipeline.execute()


def is_done(streams: Sequence[EventStream]) -> bool:
    return all(state.lag == 0 and state.pending == 0 for state in map(measure_stream, streams))


def used(pids: Sequence[int]) -> float:
    """Seconds of processor time that these processes and all their children have taken."""
    total = 0.0
    for pid in pids:
        root = psutil.Process(pid)
        for process in [root, *root.children(recursive=True)]:
            times = process.cpu_times()
            total += times.user + times.system
    return total
