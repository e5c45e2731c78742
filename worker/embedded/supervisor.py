"""Keeps parts running: starts them side by side, starts those that die again, ends them all together."""

import threading
import time
from collections.abc import Callable, Sequence

from worker.embedded.errors import StackError
from worker.embedded.process import ASK_AGAIN_SECONDS, ManagedProcess, stop_all

_FIRST_WAIT_SECONDS = 0.2
_LONGEST_WAIT_SECONDS = 30.0
# Whoever lives so long has recovered: its next end begins with the shortest wait again.
_RECOVERED_SECONDS = 30.0
_LOOK_SECONDS = 0.1
_SUCCESS = "code 0"

Say = Callable[[str], None]


class StopRequested(Exception):
    """Somebody asked for the end while the stack was starting."""


class Supervisor:
    """Runs parts until `stopping` is set; single-threaded, so no part is started and stopped at once."""

    def __init__(self, say: Say, changed: Callable[[], None]) -> None:
        self.say, self.changed = say, changed
        self.stopping = threading.Event()
        self.parts: list[ManagedProcess] = []
        self.care: dict[ManagedProcess, _Care] = {}

    def start(self, parts: Sequence[ManagedProcess]) -> None:
        """Start parts side by side and wait until each answers.

        :raises StackError: one ended or stayed silent
        :raises StopRequested: `stopping` was set
        """
        began = time.monotonic()
        self.say(f"starting {', '.join(part.name for part in parts)}")
        for part in parts:
            self.parts.append(part)
            part.spawn()
        waiting = list(parts)
        while waiting:
            self.go_on_unless_stopped()
            for part in [part for part in waiting if part.is_up()]:
                waiting.remove(part)
                self.care[part] = _Care()
                self.say(f"{part.name} answers after {time.monotonic() - began:.1f} s")
            _check_patience(waiting, time.monotonic() - began)

    def finish(self, part: ManagedProcess) -> None:
        """Run a program to its end.

        :raises StackError: it failed; with the end of its log
        :raises StopRequested: `stopping` was set
        """
        began = time.monotonic()
        self.parts.append(part)
        part.spawn()
        while part.is_running():
            self.go_on_unless_stopped()
        self.parts.remove(part)
        part.reap()
        if part.ending() != _SUCCESS:
            raise StackError(f"{part.name} failed with {part.ending()}\n{part.end_of_log()}")
        self.say(f"{part.name} is done after {time.monotonic() - began:.1f} s")

    def go_on_unless_stopped(self) -> None:
        if self.stopping.wait(ASK_AGAIN_SECONDS):
            raise StopRequested

    def watch(self) -> None:
        """Start again whatever dies, until `stopping` is set."""
        while not self.stopping.wait(_LOOK_SECONDS):
            for part in self.parts:
                if not part.is_running():
                    self.revive(part, self.care[part])

    def revive(self, part: ManagedProcess, care: "_Care") -> None:
        now = time.monotonic()
        if care.due is None:
            wait = care.next_wait(now)
            care.due = now + wait
            self.say(f"{part.name} ended with {part.ending()}: started again in {wait:.1f} s")
        if now >= care.due:
            care.began, care.due = now, None
            self.spawn(part)

    def spawn(self, part: ManagedProcess) -> None:
        try:
            part.spawn()
            self.changed()
        except (StackError, OSError) as error:
            self.say(f"{part.name} cannot be started: {error}")
        else:
            self.say(f"{part.name} runs again (pid {part.pid})")

    def stop(self, programs_seconds: float = 4.5, servers_seconds: float = 3.5) -> None:
        """End all within the sum of both times: first those that use the servers, then the servers."""
        servers = [part for part in self.parts if part.is_server]
        stop_all([part for part in self.parts if not part.is_server], programs_seconds)
        stop_all(servers, servers_seconds)


class _Care:
    """When a part began, when it is due again, and how long the next wait is."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.due: float | None = None
        self.wait = _FIRST_WAIT_SECONDS

    def next_wait(self, now: float) -> float:
        """Twice as long each time, until the part has lived for a while."""
        if now - self.began >= _RECOVERED_SECONDS:
            self.wait = _FIRST_WAIT_SECONDS
        wait, self.wait = self.wait, min(2 * self.wait, _LONGEST_WAIT_SECONDS)
        return wait


def _check_patience(waiting: Sequence[ManagedProcess], seconds: float) -> None:
    for part in waiting:
        if seconds > part.start_seconds:
            raise StackError(f"{part.name} gave no answer in {seconds:.0f} s\n{part.end_of_log()}")
