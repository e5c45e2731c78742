"""Mail servers and a push service as they are on bad days: away, silent, slow, refusing, throttling, hanging up."""

import threading
from collections.abc import Callable, Iterator
from random import Random

from bench.chaos.world import World
from tests.smtp_session import Reply, Session, drop, hang, take_and_drop, take_and_hang

__all__ = ["answering", "down", "drop", "hang", "slow", "take_and_drop", "take_and_hang"]

# These come once a connection, so whoever is connected has to connect anew.
AT_LOGIN = frozenset({"connect", "ehlo", "auth"})
MOMENT_SECONDS = 0.3


def answering(step: str, reply: Reply) -> Callable[[World, Random], Iterator[bool]]:
    """The mail server says or does this every time; it strikes when a sender came so far meanwhile."""

    def strike(world: World, _: Random) -> Iterator[bool]:
        reached = threading.Event()

        def answer(session: Session) -> str | None:
            reached.set()
            return reply(session) if callable(reply) else reply

        world.mail.on_every(step, answer)
        yield came(world, step, reached)
        world.mail.always.pop(step)

    return strike


def came(world: World, step: str, reached: threading.Event) -> bool:
    """Wait until a sender has come to this step."""
    if step in AT_LOGIN:
        world.mail.hang_up()
    return reached.wait(world.patience_seconds)


def slow(_: Session) -> None:
    threading.Event().wait(MOMENT_SECONDS)


def down(world: World, _: Random) -> Iterator[bool]:
    """Nobody listens at the port."""
    world.mail.go_away()
    yield True
    world.mail.listen()


def push_refusing(world: World, _: Random) -> Iterator[bool]:
    """The push service takes nothing; it strikes when a message came meanwhile."""
    before = len(world.push.pushed)
    world.push.answers = [(503, "")]
    yield world.wait_until(lambda: len(world.push.pushed) > before)
    world.push.answers = [(200, "{}")]
