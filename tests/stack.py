"""`python -m worker up` as a process, for tests that need the whole stack."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from config.settings import Settings
from tests.processes import ROOT, wait_for
from worker.embedded.process_tree import MARK, mark_of

GIVEN = {name.upper() for name in Settings.model_fields}


class RunningStack:
    """A stack that was started, and what it says."""

    def __init__(self, var: Path, *options: str, checkout: Path = ROOT, environment: Mapping[str, str]) -> None:
        self.var = var
        self.output, self.messages = var.with_suffix(".out"), var.with_suffix(".err")
        inherited = {name: value for name, value in os.environ.items() if name not in GIVEN}
        with self.output.open("wb") as output, self.messages.open("wb") as messages:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "worker", "up", "--json", "--var", str(var), *options],
                cwd=checkout,
                # So that it is ended as well when these tests are killed.
                env={**inherited, **environment, MARK: str(var.parent)},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=messages,
                start_new_session=True,
            )

    @property
    def said(self) -> str:
        return self.messages.read_text(encoding="utf-8")

    def ready(self) -> "RunningStack":
        """Wait until it says where everything is."""
        wait_for(lambda: self.output.read_bytes().endswith(b"\n") or self.ended(), "the line of JSON", seconds=120)
        assert not self.ended(), f"it ended with {self.process.returncode}:\n{self.said}"
        return self

    def ended(self) -> bool:
        return self.process.poll() is not None

    def description(self) -> dict[str, Any]:
        """As it printed it when it was ready."""
        [line] = self.output.read_text(encoding="utf-8").splitlines()
        described: dict[str, Any] = json.loads(line)
        return described

    def pids(self) -> dict[str, int]:
        """As they are now."""
        current: dict[str, int] = json.loads((self.var / "stack.json").read_text(encoding="utf-8"))["pids"]
        return current

    def stop(self) -> int:
        """SIGTERM; returns the exit code.

        :raises subprocess.TimeoutExpired: it took more than the promised ten seconds
        """
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(10)

    def processes(self) -> list[psutil.Process]:
        """Whatever runs for this folder, the stack's own process not counted."""
        return [process for process in psutil.process_iter() if mark_of(process) == str(self.var.resolve())]


@contextmanager
def started(
    var: Path, *options: str, checkout: Path = ROOT, environment: Mapping[str, str] | None = None
) -> Iterator[RunningStack]:
    """A stack that is ended at the end of the test, if the test has not done so."""
    stack = RunningStack(var, *options, checkout=checkout, environment=environment or {})
    try:
        yield stack
    finally:
        if not stack.ended():
            stack.stop()
