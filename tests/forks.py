"""Programs of ours that begin where their imports end: a server that has imported everything once forks each of them.

Imports and word lists are most of what a program does until it is ready, and the tests start hundreds. Whole starts are
seen by tests/acceptance/test_lean_programs.py, and by all that start a stack or type `celery`.
"""

import atexit
import os
import runpy
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parent.parent
_SERVER = get_context("forkserver")
_SERVER.set_forkserver_preload(["tests.imported"])
# Read by the interpreter and the loader when a program begins: a fork comes too late for them.
_READ_AT_THE_BEGINNING = ("PYTHON", "LD_")


def can_fork(module: str, environment: Mapping[str, str]) -> bool:
    """Whether it is a program of ours, and is told nothing for the interpreter that this process was not told.

    What others write may start processes of its own, which look for how their parent began (uvicorn's).
    """
    ours = (ROOT / module.partition(".")[0]).is_dir()
    return ours and not any(
        name.startswith(_READ_AT_THE_BEGINNING) and value != os.environ.get(name) for name, value in environment.items()
    )


class Fork:
    """What tests use of `subprocess.Popen`: `arguments` are a module of ours and what it is told."""

    def __init__(
        self, arguments: Sequence[str], environment: Mapping[str, str], output: Path, errors: Path | None = None
    ) -> None:
        self.arguments = arguments
        output.touch()
        self._process = _SERVER.Process(target=_become, args=(arguments, dict(environment), output, errors or output))
        self._process.start()
        self.pid: int = self._process.pid or 0

    @property
    def returncode(self) -> int | None:
        """As of a program: a signal that ended it is a negative number."""
        return self._process.exitcode

    def poll(self) -> int | None:
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """:raises subprocess.TimeoutExpired: it still runs after so many seconds"""
        self._process.join(timeout)
        if self.returncode is None:
            raise subprocess.TimeoutExpired(list(self.arguments), timeout or 0)
        return self.returncode

    def send_signal(self, number: int) -> None:
        """As of a program, nothing for one that has ended: the server may know it before this process does."""
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def run(arguments: Sequence[str], environment: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
    """Run `python -m` with these arguments to its end, in the checkout; what it wrote is in the result."""
    if not can_fork(arguments[0], environment):
        command = [sys.executable, "-m", *arguments]
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    with TemporaryDirectory() as folder:
        output, errors = Path(folder, "output"), Path(folder, "errors")
        code = Fork(arguments, environment, output, errors).wait()
        return subprocess.CompletedProcess(
            arguments, code, output.read_text(encoding="utf-8"), errors.read_text(encoding="utf-8")
        )


def _become(arguments: Sequence[str], environment: Mapping[str, str], output: Path, errors: Path) -> None:
    os.setsid()
    for number, path in ((1, output), (2, errors)):
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
        os.dup2(file, number)
        os.close(file)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(ROOT)
    program, *sys.argv[1:] = arguments
    try:
        runpy.run_module(program, run_name="__main__", alter_sys=True)
    finally:
        # A forked process ends without what an interpreter does at its own end.
        atexit._run_exitfuncs()
