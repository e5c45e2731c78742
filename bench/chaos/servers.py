"""Valkey, PostgreSQL, the network in between, Celery's messages and its beat, as they fail."""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from random import Random

import psutil
from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import text

from bench.chaos.proxy import to_port
from bench.chaos.world import ASK_AGAIN_SECONDS, World
from worker.embedded.ports import HOST


def valkey_killed(world: World, _: Random) -> Iterator[bool]:
    world.valkey.kill()
    yield True
    world.valkey.start()


def node_killed(world: World, random: Random) -> Iterator[bool]:
    """No other node has its slots, so the whole cluster refuses until it is back."""
    node = random.choice(world.cluster.nodes if world.cluster else ())
    node.kill()
    yield True
    node.start()


def node_hangs(world: World, random: Random) -> Iterator[bool]:
    process = psutil.Process(random.choice(world.cluster.nodes if world.cluster else ()).pid)
    process.suspend()
    yield True
    process.resume()


def postgres_stopped(world: World, _: Random) -> Iterator[bool]:
    """As after a power failure: no checkpoint, recovery at the next start."""
    world.postgres.stop_immediately()
    yield True
    world.postgres.start()


def read_only_database(world: World, _: Random) -> Iterator[bool]:
    """As a provider does it where the disk is full: each session takes no more writes, also those that are kept."""
    yield _take_writes(world, False)
    _take_writes(world, True)


def _take_writes(world: World, writes: bool) -> bool:
    with world.engine.connect() as connection:
        change = "RESET default_transaction_read_only" if writes else "SET default_transaction_read_only = on"
        connection.execute(text(f"ALTER SYSTEM {change}"))
        connection.execute(text("SELECT pg_reload_conf()"))
    return True


def redis_replaced(world: World, _: Random) -> Iterator[bool]:
    """The replica takes over, and the address leads to it; connections that are kept still lead to the old primary.

    A planned change, so that nothing which was acknowledged is lost (`FAILOVER` waits for the replica).
    """
    old, new = world.valkey, world.replica
    with Redis.from_url(new.url, socket_timeout=5) as redis:
        follows = world.wait_until(lambda: redis.info("replication").get("master_link_status") == "up")
    if not follows:
        yield False
        return
    with Redis.from_url(old.url, socket_timeout=5) as redis:
        redis.execute_command("FAILOVER", "TO", HOST, new.port)
    with Redis.from_url(new.url, socket_timeout=5) as redis:
        while redis.info("replication")["role"] != "master":
            time.sleep(ASK_AGAIN_SECONDS)
    old.primary, new.primary = new, None
    world.valkey, world.replica = new, old
    world.redis_proxy.dial = to_port(new.port)
    yield True


def clock_off_by(seconds: int) -> Callable[[World, Random], Iterator[bool]]:
    """The wall clock of all our processes jumps, and at the end of the fault it jumps back."""

    def strike(world: World, _: Random) -> Iterator[bool]:
        if world.clock is None:
            yield False
            return
        world.clock.shift(seconds)
        yield True
        world.clock.shift(0)

    return strike


def half_open_redis(world: World, _: Random) -> Iterator[bool]:
    """Nobody ever ends these connections: each client has to notice by itself."""
    yield world.redis_proxy.freeze() > 0


def half_open_postgres(world: World, _: Random) -> Iterator[bool]:
    """They end with a reset, as the kernel does it when nothing is confirmed for `tcp_user_timeout`."""
    yield world.postgres_proxy.freeze() > 0
    world.postgres_proxy.thaw()


def celery_flushed(world: World, _: Random) -> Iterator[bool]:
    """Every message of Celery is lost, and every note that one is on its way."""
    with Redis.from_url(world.valkey.url, socket_timeout=5) as redis, suppress(RedisError):
        for key in [*redis.scan_iter("escalation:celery:*"), *redis.scan_iter("escalation:waiting:*")]:
            redis.delete(key)
    yield True


def two_beats(world: World, _: Random) -> Iterator[bool]:
    second = world.beat()
    yield True
    second.kill()
    world.family.started.remove(second)
