"""Runs a stack from start to end: alone in its folder, cleaned up before and after, ended by signals."""

import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from worker.embedded.lock import locked
from worker.embedded.paths import data_folder
from worker.embedded.process_tree import end_leftovers
from worker.embedded.stack import EmbeddedStack, Ports
from worker.embedded.supervisor import Say, StopRequested
from worker.embedded.watchdog import watched

_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def run(var: Path, ports: Ports, *, fresh: bool, say: Say, ready: Callable[[EmbeddedStack], None]) -> None:
    """Start the stack, call `ready`, and keep it running until a signal ends it.

    :raises StackError: it cannot start; nothing of it is left
    """
    folder = data_folder(var)
    with locked(folder), watched(folder):
        if count := end_leftovers(folder):
            say(f"ended what an earlier stack left running: {count} processes")
        if fresh:
            _forget(folder)
        stack = EmbeddedStack(folder, ports, say)
        with _ended_by_signals(stack), _stopped(stack):
            stack.start()
            ready(stack)
            stack.supervisor.watch()


@contextmanager
def _ended_by_signals(stack: EmbeddedStack) -> Iterator[None]:
    """Signals ask for the end, and only once: what is being ended goes on ending."""
    # `nohup` has the end of the terminal ignored.
    wanted = [number for number in _SIGNALS if signal.getsignal(number) != signal.SIG_IGN]
    before = {number: signal.signal(number, lambda *_: stack.supervisor.stopping.set()) for number in wanted}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _stopped(stack: EmbeddedStack) -> Iterator[None]:
    """Whatever happens, nothing is left running."""
    try:
        yield
    except StopRequested:
        stack.supervisor.say("stopped while starting")
    finally:
        stack.supervisor.say("stopping")
        stack.stop()
        stack.supervisor.say("stopped, nothing is left running")


def _forget(folder: Path) -> None:
    """Remove what earlier stacks kept here; files that are not theirs stay."""
    for part in folder.iterdir():
        if (part / f"{part.name}.log").exists():
            shutil.rmtree(part)
