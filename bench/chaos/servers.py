"""Valkey, PostgreSQL, the network in between, Celery's messages and its beat, as they fail."""

from collections.abc import Iterator
from contextlib import suppress
from random import Random

from redis import Redis
from redis.exceptions import RedisError

from bench.chaos.world import World


def valkey_killed(world: World, _: Random) -> Iterator[bool]:
    world.valkey.kill()
    yield True
    world.valkey.start()


def postgres_stopped(world: World, _: Random) -> Iterator[bool]:
    """As after a power failure: no checkpoint, recovery at the next start."""
    world.postgres.stop_immediately()
    yield True
    world.postgres.start()


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
