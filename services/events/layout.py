"""Which event streams there are: the one that everybody may use, the numbered ones, and those of earlier settings."""

import time
from collections import defaultdict
from collections.abc import Iterable
from weakref import WeakKeyDictionary

from redis import Redis
from redis.exceptions import RedisError

from config.settings import get_settings
from escalation_client.cluster import Cluster
from escalation_client.layout import KEY_STREAMS, MOST_STREAMS, stream_name
from services.events.stream import EVENTS, EventStream, events_cluster

# A stream of other settings, which a publisher with an old answer still uses, is found within so long.
_LOOK_AGAIN_SECONDS = 10.0
# Publishers whose worker has been gone for longer go back to the one stream.
_ANNOUNCED_SECONDS = 3_600
_found: WeakKeyDictionary[Redis | Cluster, tuple[float, list[str]]] = WeakKeyDictionary()


def numbered_streams() -> list[str]:
    """The streams that events are spread over; none where all go into the one."""
    number = get_settings().event_streams
    return [stream_name(place) for place in range(number)] if number > 1 or events_cluster() else []


def event_streams(redis: Redis) -> list[EventStream]:
    """Every stream that may hold events: those of earlier settings first, since their events are the oldest.

    :param redis: the client of REDIS_URL; the numbered streams may lie on a cluster
    """
    cluster = events_cluster()
    streams = [*streams_on(redis), *(streams_on(cluster) if cluster else ())]
    return sorted(streams, key=lambda stream: not stream.is_earlier)


def streams_on(server: Redis | Cluster) -> list[EventStream]:
    """Those of them that one server holds, whatever the other one does."""
    is_cluster = isinstance(server, Cluster)
    names = [] if is_cluster else [EVENTS]
    if is_cluster or not events_cluster():
        names += numbered_streams()
    earlier = [EventStream(server, name, is_earlier=True) for name in _numbered_in(server) if name not in names]
    return [*earlier, *(EventStream(server, name) for name in names)]


def _numbered_in(server: Redis | Cluster) -> list[str]:
    """The numbered streams that exist, looked up every ten seconds."""
    looked_at, names = _found.get(server, (0.0, []))
    if not looked_at or time.monotonic() > looked_at + _LOOK_AGAIN_SECONDS:
        every = [stream_name(place) for place in range(MOST_STREAMS)]
        if isinstance(server, Cluster):
            existing = _existing_in_cluster(server, every)
        else:
            # Mostly there is none, which one question tells.
            existing = _existing(server, every) if server.exists(*every) else set()
        names = [name for name in every if name in existing]
        _found[server] = time.monotonic(), names
    return names


def _existing(redis: Redis, names: Iterable[str]) -> set[str]:
    with redis.pipeline(transaction=False) as pipeline:
        for name in names:
            pipeline.exists(name)
        return {name for name, exists in zip(names, pipeline.execute(), strict=True) if exists}


def _existing_in_cluster(cluster: Cluster, names: Iterable[str]) -> set[str]:
    """Those of the nodes that answer: what another one has is found once it is back."""
    by_node: dict[Redis, list[str]] = defaultdict(list)
    found: set[str] = set()
    for name in names:
        try:
            by_node[cluster.redis_of(name)].append(name)
        except RedisError:
            return found
    for node, theirs in by_node.items():
        try:
            found |= _existing(node, theirs)
        except RedisError:
            # Whoever uses its present streams says so.
            continue
    return found


def announce_streams(redis: Redis) -> None:
    """Tell publishers over how many streams to spread events; to be repeated within the hour.

    It stands where the streams are, so that no publisher uses a cluster that nobody reads.
    """
    numbered, cluster = numbered_streams(), events_cluster()
    if cluster or not numbered:
        redis.delete(KEY_STREAMS)
    if numbered:
        server = cluster.redis_of(KEY_STREAMS) if cluster else redis
        server.set(KEY_STREAMS, len(numbered), ex=_ANNOUNCED_SECONDS)
