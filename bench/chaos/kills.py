"""`kill -9` of each kind of process, at the moment when it hurts."""

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from random import Random

import psutil
from redis.exceptions import RedisError

from bench.chaos.hands import in_hand, someone_with_events
from bench.chaos.mailing import came
from bench.chaos.world import Orphaned, World
from services.events.stream import EventStream
from tests.processes import Process
from tests.smtp_session import Session, take_and_drop

CATCH_SECONDS = 4.0

Family = Sequence[psutil.Process]


def worker_killed(world: World, random: Random) -> Iterator[bool]:
    """A worker with its children, while one of them has events in hand if that happens soon."""
    worker = random.choice(world.workers)
    children = children_of(worker)
    catch(world, children, [psutil.Process(worker.pid), *children] if children else [])
    worker.kill()
    yield True


def child_killed(world: World, random: Random) -> Iterator[bool]:
    """One child, while it has events in hand if that happens soon; the worker itself replaces it."""
    children = children_of(random.choice(world.workers))
    for child in catch(world, children, []) or children[:1]:
        send([child], signal.SIGKILL)
    yield bool(children)


def children_of(worker: Process) -> list[psutil.Process]:
    with suppress(psutil.NoSuchProcess):
        return worker.children()
    return []


def catch(world: World, children: Family, family: Family) -> Family:
    """Stop a child that has events in hand, or its whole family, and note the events; nobody if none has any soon."""
    with suppress(RedisError), world.event_streams() as streams:
        for _ in world.tries(CATCH_SECONDS):
            if caught := stopped(world, streams, children, family):
                return caught
    return ()


def stopped(world: World, streams: Sequence[EventStream], children: Family, family: Family) -> Family:
    child = someone_with_events(streams, children)
    if child is None:
        return ()
    victims = family or [child]
    send(victims, signal.SIGSTOP)
    entries: tuple[tuple[str, str], ...] = ()
    try:
        entries = in_hand(streams, child.pid)
    finally:
        if not entries:
            send(victims, signal.SIGCONT)
    if entries:
        world.orphaned.append(Orphaned(datetime.now(UTC), entries))
    return victims if entries else ()


def send(family: Family, number: signal.Signals) -> None:
    for process in family:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(number)


def beat_killed(world: World, random: Random) -> Iterator[bool]:
    random.choice(world.beats).kill()
    yield True


def publisher_killed(world: World, random: Random) -> Iterator[bool]:
    yield kill_publisher(random.choice(world.publishers))


def publisher_killed_with_its_spool(world: World, random: Random) -> Iterator[bool]:
    """Valkey is away, so a publisher writes to disk; then it is killed, and Valkey comes back."""
    number = random.randrange(len(world.publishers))
    world.valkey.kill()
    spooled = world.wait_until(lambda: world.has_spooled(number))
    yield kill_publisher(world.publishers[number]) and spooled
    world.valkey.start()


def kill_publisher(publisher: Process) -> bool:
    """Whether it was still at work."""
    if publisher.popen.poll() is not None:
        return False
    publisher.kill()
    return True


def killed_while_sending(step: str) -> Callable[[World, Random], Iterator[bool]]:
    """Kill the mail worker whose conversation comes to this step; a message at the dot is taken nevertheless."""

    def strike(world: World, _: Random) -> Iterator[bool]:
        done = threading.Event()

        def kill(session: Session) -> str | None:
            if sender := sender_at(world, session.connection.getpeername()[1]):
                sender.kill()
                done.set()
            return take_and_drop(session) if step == "dot" else None

        world.mail.on(step, kill)
        yield came(world, step, done)
        world.mail.forget(step)

    return strike


def killed_while_pushing(world: World, _: Random) -> Iterator[bool]:
    """Kill the mail worker whose push message has arrived, before it hears so."""
    done = threading.Event()

    def kill(port: int) -> None:
        if not done.is_set() and (sender := sender_at(world, port)):
            sender.kill()
            done.set()

    world.push.before_answer.append(kill)
    yield done.wait(world.patience_seconds)
    world.push.before_answer.clear()


def sender_at(world: World, port: int) -> Process | None:
    """The mail worker at the other end of a connection."""
    for worker in world.mailers:
        for child in children_of(worker):
            with suppress(psutil.NoSuchProcess):
                if any(one.laddr.port == port for one in child.net_connections("tcp4")):
                    return worker
    return None
