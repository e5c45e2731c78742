"""Real `celery` processes for tests: started from the checkout, stopped or killed by their pid."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from tests.forks import ROOT as ROOT
from tests.forks import Fork, can_fork

SECONDS = 60.0
# As people type it; `python -m celery` would find modules where the script does not.
CELERY = str(Path(sys.executable).with_name("celery"))
# What `celery -A worker worker` and `… beat` replace themselves by, before anything of ours runs: most of their start
# is the way there, which tests/acceptance/test_lean_programs.py goes.
PROGRAM = "worker.celery_program"


def wait_for(condition: Callable[[], object], what: str, seconds: float = SECONDS) -> None:
    """Ask until it is true, every 20 ms and later seldomer; fail with what was waited for."""
    pause = threading.Event()
    began = time.monotonic()
    while not condition():
        waited = time.monotonic() - began
        if waited > seconds:
            pytest.fail(f"waited {seconds:.0f} s in vain for: {what}")
        # A question may be a new connection, or a look at every process of the machine.
        pause.wait(max(0.02, waited / 50))


class Process:
    """A child with its output in a file."""

    def __init__(self, arguments: list[str], environment: Mapping[str, str], log: Path, fresh: bool = False) -> None:
        self.arguments, self.environment, self.log = arguments, dict(environment), log
        self.fresh = fresh or not can_fork(arguments[0], environment)
        self.popen = self.launch()

    def launch(self) -> "subprocess.Popen[bytes] | Fork":
        if not self.fresh:
            return Fork(self.arguments, self.environment, self.log)
        program, *arguments = self.arguments
        with self.log.open("ab") as output:
            return subprocess.Popen(
                [CELERY, *arguments] if program == "celery" else [sys.executable, "-m", program, *arguments],
                cwd=ROOT,
                env=self.environment,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self.popen.pid

    @property
    def output(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def said(self, words: str) -> None:
        wait_for(lambda: self.popen.poll() is not None or words in self.output, f"{words!r} in {self.log.name}")
        assert words in self.output, f"{self.arguments} ended:\n{self.output[-3000:]}"

    def children(self) -> list[psutil.Process]:
        """None of a process that has just ended: one that is forked leaves its number at once."""
        try:
            return psutil.Process(self.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []

    def kill(self) -> None:
        """`kill -9` of the process and, a moment later, of its orphans."""
        family = self.children() if self.popen.poll() is None else []
        self.popen.kill()
        self.popen.wait()
        for child in family:
            with suppress(psutil.NoSuchProcess):
                child.kill()

    def stop(self) -> None:
        """SIGTERM and at most 30 s; then it is killed."""
        if self.popen.poll() is None:
            self.popen.send_signal(signal.SIGTERM)
            try:
                self.popen.wait(30)
            except subprocess.TimeoutExpired:
                self.kill()

    def restart(self) -> None:
        self.popen = self.launch()


class Processes:
    """Starts children with one environment and leaves none behind; `fresh`: from their imports on, as people do."""

    def __init__(self, environment: Mapping[str, str], folder: Path, fresh: bool = False) -> None:
        inherited = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        self.environment = {**inherited, "LOG_FORMAT": "json", **environment}
        self.folder, self.fresh = folder, fresh
        self.started: list[Process] = []

    def start(self, *arguments: str, **more: str) -> Process:
        log = self.folder / f"{len(self.started)}-{arguments[0]}.log"
        process = Process(list(arguments), {**self.environment, **more}, log, self.fresh)
        self.started.append(process)
        return process

    def worker(self, queues: str = "events,urgent,mail,sweeps", concurrency: int = 2, **more: str) -> Process:
        name = f"w{len(self.started)}@test"
        process = self.start(PROGRAM, "worker", "-Q", queues, "-c", str(concurrency), "-n", name, "-l", "INFO", **more)
        process.said("ready.")
        return process

    def beat(self) -> Process:
        process = self.start(PROGRAM, "beat", "-l", "INFO")
        process.said("beat: Starting...")
        return process


@contextmanager
def processes(environment: Mapping[str, str], folder: Path, fresh: bool = False) -> Iterator[Processes]:
    """A family of processes; all of it is gone afterwards."""
    family = Processes(environment, folder, fresh)
    try:
        yield family
    finally:
        for process in family.started:
            process.kill()
