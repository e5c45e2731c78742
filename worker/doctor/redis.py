"""Redis: reachable, keeps what it is given, and the events arrive where they are read."""

import math
import time
from collections.abc import Iterable, Iterator
from typing import Any

from redis import Redis
from redis.exceptions import (
    AuthenticationError,
    ClusterDownError,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
)
from redis.sentinel import MasterNotFoundError
from sqlalchemy.exc import DBAPIError

from config.settings import Settings
from escalation_client.layout import KEY_STREAMS, Layout
from rules.explanation import counted
from services.database.engine import engine
from services.events.layout import event_streams
from services.events.stream import EVENTS, GROUP, EventStream, connect, events_cluster
from services.monitoring.health import measure_stream, redis_time
from worker.celery_guards.cluster_mode import REMEDY, is_in_cluster_mode
from worker.doctor.celery_nodes import BEAT_LATE
from worker.doctor.finding import CheckedPart, CheckResult, Level, about_clock
from worker.doctor.redis_durability import check_durability
from worker.doorbell import silent_seconds
from worker.liveness.databases import REMEDY as REMEDY_OF_SHARING
from worker.liveness.databases import find_others, identify
from worker.liveness.last_seen import BEAT, last_runs

PART = CheckedPart("redis")
_CONNECT = "connect as REDIS_URL says"
_CONNECT_CLUSTER = "connect as EVENTS_CLUSTER_URL says"
_CLUSTER_REMEDY = "Start the nodes that are away (redis-cli CLUSTER NODES). Assistants keep their events meanwhile."
_ELSEWHERE = "look for events in other databases of this server"
_OLDEST = (6, 2)
# An id that is a time is no later than Redis' clock, unless that was set back; an hour more is over soon.
_AHEAD_SECONDS = 3_600


def check(settings: Settings) -> Iterator[CheckResult]:
    redis = connect(settings.redis_url.get_secret_value())
    try:
        information: Any = redis.info()
        known = [*_check_server(redis, information), *check_durability(PART, redis, information)]
        yield from known
        # What is broken already says why nothing can be written.
        if all(result.level is not Level.BROKEN for result in known):
            yield _write(redis)
        seconds, microseconds = redis.time()
        yield about_clock("Redis", time.time() - seconds - microseconds / 1e6)
        yield from _streams(settings, redis)
        yield from _elsewhere(settings, redis, information)
        yield from _shared(redis)
    except RedisError as error:
        yield PART.broken(_CONNECT, f"{type(error).__name__}: {error}"[:300], _advice(error))
    finally:
        redis.close()


def _write(redis: Redis) -> CheckResult:
    tried = "write a key"
    try:
        redis.set("escalation:write_probe", 1, ex=60)
    except RedisError as error:
        return PART.broken(tried, f"{type(error).__name__}: {error}"[:300], _advice(error))
    return PART.ok(tried, "it was taken")


def _advice(error: RedisError) -> str:
    if isinstance(error, MasterNotFoundError):
        return "No Sentinel of REDIS_URL answers, or none knows a primary of that name: ask one for SENTINEL MASTERS."
    if isinstance(error, OutOfMemoryError):
        return "Its memory is full: raise maxmemory (with noeviction), or let others who share it take less."
    if isinstance(error, ReadOnlyError):
        return "It is a replica, which takes no writes: point REDIS_URL at the primary server."
    if str(error).startswith("MISCONF"):
        return "It cannot write its snapshot: look at its log and at the space on its disk; then redis-cli BGSAVE."
    if isinstance(error, NoPermissionError):
        return "Give the user of REDIS_URL the rights that docs/security.md lists."
    if "certificate is not valid for" in str(error):
        return "Put the host that the certificate names into REDIS_URL, or have a certificate made for this one."
    if "certificate" in str(error):
        return "Name the authority that signed the server's certificate: rediss://…?ssl_ca_certs=/path/ca.pem."
    if isinstance(error, AuthenticationError) or "WRONGPASS" in str(error) or "NOAUTH" in str(error):
        return "Check user and password in REDIS_URL: redis://user:password@host:6379/0."
    return (
        "Check host, port and redis:// or rediss:// (TLS) in REDIS_URL, and whether Redis runs: "
        "its log says why it ended, such as for want of space. Assistants keep events in their spool meanwhile."
    )


def _check_server(redis: Redis, information: dict[str, Any]) -> Iterator[CheckResult]:
    version = str(information.get("valkey_version") or information["redis_version"])
    found = f"version {version}, database {_database_of(redis)}"
    old = tuple(int(part) for part in str(information["redis_version"]).split(".")[:2]) < _OLDEST
    yield PART.broken(_CONNECT, found, "Use Redis 6.2 or newer.") if old else PART.ok(_CONNECT, found)
    if is_in_cluster_mode(information):
        yield PART.broken(_CONNECT, "it is in cluster mode", REMEDY)
    if redis.connection_pool.connection_kwargs.get("password") is None:
        yield PART.warning(_CONNECT, "no password was needed", "Set requirepass, and put it into REDIS_URL.")
    if information.get("role") == "slave":
        yield PART.broken(_CONNECT, "it is a replica, which takes no events", "Point REDIS_URL at the primary server.")


def _streams(settings: Settings, redis: Redis) -> Iterator[CheckResult]:
    streams = event_streams(redis)
    try:
        yield from _announced(settings, redis)
        yield from _nodes({stream.redis for stream in streams if stream.server is not redis})
    except RedisError as error:
        yield PART.broken(_CONNECT_CLUSTER, _words_of(error), _CLUSTER_REMEDY)
    for stream in streams:
        yield _check_stream(settings, redis, stream)


def _nodes(nodes: Iterable[Redis]) -> Iterator[CheckResult]:
    """Those of the cluster that hold event streams, each as careful as the one Redis has to be."""
    for node in nodes:
        information: Any = node.info()
        where = f"{node.connection_pool.connection_kwargs['host']}:{node.connection_pool.connection_kwargs['port']}"
        yield from check_durability(CheckedPart(f"{PART.name} {where}"), node, information)


def _announced(settings: Settings, redis: Redis) -> Iterator[CheckResult]:
    """Workers with different settings contradict each other, which costs only speed."""
    layout, cluster = Layout(), events_cluster()
    layout.learn((cluster.redis_of(KEY_STREAMS) if cluster else redis).get(KEY_STREAMS))
    told, ours = max(layout.streams, 1), settings.event_streams
    if told != ours and silent_seconds(redis) != math.inf:
        yield PART.warning(
            "ask what publishers are told",
            f"{counted(told, 'event stream', 'event streams')}, and EVENT_STREAMS is {ours}",
            "Give all workers and this command the same EVENT_STREAMS, and start the workers again.",
        )


def _check_stream(settings: Settings, redis: Redis, stream: EventStream) -> CheckResult:
    tried = f"look at the stream {stream.name}"
    try:
        groups: Any = stream.redis.xinfo_groups(stream.name)
    except RedisError as error:
        if "no such key" in str(error):
            return PART.note(tried, "it is not there yet", "The first event or the first worker creates it.")
        if isinstance(error, ResponseError) and not isinstance(error, ClusterDownError):
            return PART.broken(tried, f"it cannot be used: {error}"[:300], _stream_remedy(stream, error))
        if stream.server is redis:
            raise
        return PART.broken(tried, _words_of(error), _CLUSTER_REMEDY)
    if not any(group["name"] == GROUP.encode() for group in groups):
        return PART.broken(tried, "its group is missing: no worker has ever read it", "Start the worker.")
    lag, pending, oldest = measure_stream(stream)
    found = f"{counted(lag, 'entry', 'entries')} not read, {pending} in work, the oldest {oldest:.0f} s old"
    if oldest > settings.health_oldest_event_seconds or lag > settings.health_stream_lag:
        return PART.broken(tried, found, _held_up(redis))
    if stream.is_earlier:
        return PART.note(tried, f"it is one of an earlier EVENT_STREAMS: {found}", "It goes when all of it is done.")
    information: Any = stream.redis.xinfo_stream(stream.name)
    newest = int(information["last-generated-id"].partition(b"-")[0]) / 1000
    if newest > redis_time(stream.redis) + _AHEAD_SECONDS:
        return PART.warning(
            tried,
            "its entries' ids are no times, or far ahead of Redis' clock: no age can be told",
            # A doorbell that has seen higher ids sees no lower ones.
            f"Stop the publishers; when nothing waits, DEL {stream.name} and start the workers: ids are times again.",
        )
    return PART.ok(tried, found)


def _words_of(error: RedisError) -> str:
    return f"{type(error).__name__}: {error}"[:300]


def _stream_remedy(stream: EventStream, error: ResponseError) -> str:
    if isinstance(error, NoPermissionError):
        return "Give the user of the URL the rights that docs/security.md lists."
    return f"A key of another type has the stream's name: RENAME {stream.name} to something else; events begin anew."


def _held_up(redis: Redis) -> str:
    """Who has to get on with the events."""
    if silent_seconds(redis) == math.inf:
        return "No worker waits at the stream: start it, and look at its log."
    if last_runs(redis).get(BEAT, math.inf) > BEAT_LATE:
        return "Start beat: what a worker that ended has left is taken over when beat rings."
    return (
        "A worker makes no progress: see postgresql above; look for events_wait_for_postgresql in its log. "
        "If it is only busy, start more workers."
    )


def _elsewhere(settings: Settings, redis: Redis, information: dict[str, Any]) -> Iterator[CheckResult]:
    """Events that somebody publishes into another database of the same server."""
    ours = _database_of(redis)
    for name in information:
        number = name.removeprefix("db")
        if not name.startswith("db") or not number.isdecimal() or int(number) == ours:
            continue
        with connect(settings.redis_url.get_secret_value(), database=int(number)) as other:
            if not other.exists(EVENTS):
                continue
            if other.xinfo_groups(EVENTS):
                yield PART.note(_ELSEWHERE, f"another installation reads /{number}, you read /{ours}")
                continue
            waiting = counted(other.xlen(EVENTS), "entry waits", "entries wait")
            yield PART.broken(
                _ELSEWHERE,
                f"events arrive in /{number}, you read /{ours}: {waiting} there",
                f"Let the assistant publish to /{ours}, or end REDIS_URL with /{number}.",
            )


def _shared(redis: Redis) -> Iterator[CheckResult]:
    """Workers of another database read the same events, and each event goes to either."""
    try:
        with engine().connect() as connection:
            others = find_others(redis, identify(connection))
    except DBAPIError:
        return
    if others:
        found = f"workers of another PostgreSQL database read the same events: {', '.join(others)}"
        yield PART.broken("look for workers of other databases", found, REMEDY_OF_SHARING)


def _database_of(redis: Redis) -> int:
    return int(redis.connection_pool.connection_kwargs.get("db") or 0)
