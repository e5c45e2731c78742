"""What goes wrong in a storm. Each fault begins, lasts a while and ends; afterwards the supervisor has its turn."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import psutil
from redis import Redis
from redis.exceptions import RedisError

from bench.chaos.world import World
from tests.processes import Process
from tests.smtp_session import Reply, Session, drop, hang, take_and_drop

Strike = Callable[[World], Iterator[None]]
DISABLED = "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant."


@dataclass(frozen=True, slots=True)
class Fault:
    """A name for the report, whether mail or events have to recover, and what happens up to the yield and after it."""

    name: str
    hits: str
    strike: Strike


def killed(which: Callable[[World], list[Process]]) -> Strike:
    def strike(world: World) -> Iterator[None]:
        process = world.random.choice(which(world))
        if process.popen.poll() is None:
            process.kill()
        yield

    return strike


def child_killed(world: World) -> Iterator[None]:
    with suppress(psutil.NoSuchProcess):
        children = world.random.choice(world.workers).children()
        for child in world.random.sample(children, min(1, len(children))):
            child.kill()
    yield


def killed_while_sending(step: str) -> Strike:
    """Kill the mail worker when its conversation has come to this step; a message at the dot is taken nevertheless."""

    def strike(world: World) -> Iterator[None]:
        once = threading.Lock()

        def kill(_: Session) -> None:
            if once.acquire(blocking=False):
                with suppress(psutil.NoSuchProcess):
                    world.mailers[0].kill()

        def kill_and_take(session: Session) -> str | None:
            kill(session)
            return take_and_drop(session)

        world.mail.on(step, kill_and_take if step == "dot" else kill)
        yield
        world.mail.script[step].clear()

    return strike


def answering(step: str, reply: Reply) -> Strike:
    """The mail server says or does this every time."""

    def strike(world: World) -> Iterator[None]:
        world.mail.on_every(step, reply)
        yield
        world.mail.always.pop(step)

    return strike


def slow(_: Session) -> None:
    threading.Event().wait(0.3)


def valkey_killed(world: World) -> Iterator[None]:
    world.valkey.kill()
    yield
    world.valkey.start()


def postgres_stopped(world: World) -> Iterator[None]:
    world.postgres.stop_immediately()
    yield
    world.postgres.start()


def half_open_redis(world: World) -> Iterator[None]:
    world.redis_proxy.freeze()
    yield
    world.redis_proxy.thaw()


def half_open_postgres(world: World) -> Iterator[None]:
    world.postgres_proxy.freeze()
    yield
    world.postgres_proxy.thaw()


def celery_flushed(world: World) -> Iterator[None]:
    with Redis.from_url(world.valkey.url, socket_timeout=5) as redis, suppress(RedisError):
        for key in [*redis.scan_iter("escalation:celery:*"), *redis.scan_iter("escalation:waiting:*")]:
            redis.delete(key)
    yield


def two_beats(world: World) -> Iterator[None]:
    second = world.family.start("celery", "-A", "worker", "beat", "-l", "INFO")
    yield
    second.kill()
    world.family.started.remove(second)


FAULTS = (
    Fault("worker killed", "events", killed(lambda world: world.workers)),
    Fault("child killed", "events", child_killed),
    Fault("beat killed", "events", killed(lambda world: world.beats)),
    Fault("publisher killed", "events", killed(lambda world: world.publishers)),
    Fault("valkey killed", "events", valkey_killed),
    Fault("postgres stopped at once", "events", postgres_stopped),
    Fault("redis half-open", "events", half_open_redis),
    Fault("postgres half-open", "events", half_open_postgres),
    Fault("celery's keys deleted", "events", celery_flushed),
    Fault("two beats", "events", two_beats),
    *(
        Fault(f"mail worker killed at {step}", "mail", killed_while_sending(step))
        for step in ("connect", "ehlo", "auth", "mail", "rcpt", "data", "body", "dot")
    ),
    Fault("smtp down", "mail", answering("connect", drop)),
    Fault("smtp silent", "mail", answering("ehlo", hang)),
    Fault("smtp slow", "mail", answering("mail", slow)),
    Fault("smtp refusing", "mail", answering("mail", "451 4.3.0 try again later")),
    Fault("smtp throttling", "mail", answering("mail", "421 4.7.0 too many messages, slow down")),
    Fault("smtp cuts before the dot", "mail", answering("body", drop)),
    Fault("smtp cuts after the dot", "mail", answering("dot", take_and_drop)),
    Fault("smtp auth disabled for the tenant", "mail", answering("auth", DISABLED)),
)


@contextmanager
def struck(world: World, fault: Fault) -> Iterator[None]:
    """The fault lasts as long as the body."""
    strike = fault.strike(world)
    next(strike)
    try:
        yield
    finally:
        next(strike, None)
