"""A part of the stack: one child process in a session of its own, with a folder, a log and a pid file."""

import os
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, Self

from worker.embedded.account import SystemUser, running_as
from worker.embedded.errors import StackError
from worker.embedded.paths import last_lines
from worker.embedded.process_tree import MARK, family, send, wait_or_kill, write_pidfile

CHECKOUT = Path(__file__).resolve().parents[2]
_LARGEST_LOG = 10_000_000
ASK_AGAIN_SECONDS = 0.02


class ManagedProcess(ABC):
    """Starts, asks, stops and kills one program; what to run and how to ask it is the subclass's."""

    stop_signal = signal.SIGTERM
    start_seconds = 60.0
    stop_seconds = 5.0
    account: SystemUser | None = None
    # Servers end last, after the programs that use them.
    is_server = True

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.folder = folder.absolute()
        self.log = self.folder / f"{name}.log"
        self.pidfile = self.folder / f"{name}.pid"
        self.process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def command(self) -> Sequence[str]:
        """The program and its arguments."""

    @abstractmethod
    def answers(self) -> bool:
        """Does it do its work? Asked again and again while it starts."""

    def environment(self) -> Mapping[str, str]:
        """The program's whole environment: by default nothing that could change what it does."""
        return {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8", "TZ": "UTC"}

    def prepare(self) -> None:
        """Make what the program needs before it starts; safe to do again.

        :raises StackError: names what is missing or wrong
        """
        # Another user, where there is one, has to pass through to what is his.
        self.folder.mkdir(mode=0o711 if self.account else 0o700, parents=True, exist_ok=True)

    def start(self) -> Self:
        """Start the program and wait until it answers; nothing happens when it runs already.

        :raises StackError: it ended or stayed silent; with the end of its log
        """
        if not self.is_running():
            self.spawn()
            deadline = time.monotonic() + self.start_seconds
            while not self.is_up():
                if time.monotonic() > deadline:
                    self.kill()
                    raise StackError(f"{self.name} gave no answer in {self.start_seconds:.0f} s\n{self.end_of_log()}")
                time.sleep(ASK_AGAIN_SECONDS)
        return self

    def spawn(self) -> None:
        """Start the program and go on at once."""
        self.prepare()
        with self.open_log() as log:
            self.process = subprocess.Popen(
                self.command(),
                cwd=self.folder if self.account else CHECKOUT,
                env={**self.environment(), MARK: str(self.folder.parent)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **running_as(self.account),
            )
        write_pidfile(self.pidfile, self.process.pid, self.stop_signal)

    def open_log(self) -> BinaryIO:
        too_large = self.log.exists() and self.log.stat().st_size > _LARGEST_LOG
        return self.log.open("wb" if too_large else "ab")

    def is_up(self) -> bool:
        """Does it answer?

        :raises StackError: it has ended; with the end of its log
        """
        if not self.is_running():
            raise StackError(f"{self.name} ended with {self.ending()} while starting\n{self.end_of_log()}")
        return self.answers()

    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def ending(self) -> str:
        """How the program ended, in words."""
        code = self.process.returncode if self.process else None
        return signal.Signals(-code).name if code is not None and code < 0 else f"code {code}"

    def end_of_log(self) -> str:
        return f"{last_lines(self.log)}\n(log: {self.log})"

    @property
    def pid(self) -> int:
        """:raises StackError: it was never started"""
        if self.process is None:
            raise StackError(f"{self.name} was not started")
        return self.process.pid

    def stop(self, seconds: float | None = None) -> None:
        """End the program in good order; what is left of it after that time is killed."""
        stop_all([self], self.stop_seconds if seconds is None else seconds)

    def kill(self) -> None:
        """End the program as a power failure would, and wait until nothing of it is left."""
        stop_all([self], self.stop_seconds, signal.SIGKILL)

    def reap(self) -> None:
        """Forget the program that has ended."""
        if self.process:
            self.process.wait()
            self.pidfile.unlink(missing_ok=True)

    def restart(self) -> Self:
        """Stop, then start with the same address and data."""
        self.stop()
        return self.start()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exception: object) -> None:
        self.stop()


def stop_all(parts: Sequence[ManagedProcess], seconds: float, number: int | None = None) -> None:
    """End several programs at once, each by its own signal or by this one."""
    processes = []
    for part in parts:
        members = family(part.pid) if part.is_running() else []
        send(members[:1], number or part.stop_signal)
        processes += members
    wait_or_kill(processes, seconds)
    for part in parts:
        part.reap()
