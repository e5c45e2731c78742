"""Ending processes so that none of them, and none that they started, is left."""

import json
import os
import signal
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from worker.embedded.paths import write_atomically


def family(pid: int) -> list[psutil.Process]:
    """The process and everything it started that still hangs on it; empty if it is gone."""
    try:
        leader = psutil.Process(pid)
        return [leader, *leader.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def send(processes: Iterable[psutil.Process], number: int) -> None:
    for process in processes:
        # psutil checks the start time first: a pid that was used again is left alone.
        with suppress(psutil.NoSuchProcess):
            process.send_signal(number)


def wait_or_kill(processes: Sequence[psutil.Process], seconds: float) -> None:
    """Wait until all are gone; kill what is still there after that time."""
    _, alive = psutil.wait_procs(processes, timeout=seconds)
    send(alive, signal.SIGKILL)
    psutil.wait_procs(alive, timeout=5)


_SECONDS = 5.0


def end_leftovers(folder: Path) -> int:
    """End what an earlier stack of this folder left running; returns how many processes that were."""
    found = _leftovers(folder.absolute())
    for process, number in found.items():
        send([process], number)
    wait_or_kill(list(found), _SECONDS)
    return len(found)


def _leftovers(folder: Path) -> dict[psutil.Process, int]:
    """Each process with the signal that stops it."""
    found: dict[psutil.Process, int] = {}
    for pidfile in folder.glob("*/*.pid"):
        if (leader := _recorded(pidfile)) is not None:
            process, number = leader
            found[process] = number
    # What had no pid file yet, and pool children whose parent died before them.
    for process in psutil.process_iter():
        if process.pid != os.getpid() and mark_of(process) == str(folder):
            found.setdefault(process, signal.SIGTERM)
    for process in list(found):
        for member in family(process.pid):
            found.setdefault(member, 0)
    return found


# The environment variable by which a child, and whatever it starts, tells whose it is.
MARK = "ESCALATION_STACK"


@dataclass(frozen=True, slots=True)
class _Record:
    """What is written down of a child."""

    pid: int
    started: float
    stop_signal: int


def write_pidfile(path: Path, pid: int, stop_signal: int) -> None:
    # A child that ended already needs no record.
    with suppress(psutil.NoSuchProcess):
        record = _Record(pid, psutil.Process(pid).create_time(), stop_signal)
        write_atomically(path, json.dumps(asdict(record)))


def _recorded(path: Path) -> tuple[psutil.Process, int] | None:
    """The living process of a pid file and the signal that stops it; None if that process is gone."""
    record = _Record(**json.loads(path.read_text(encoding="utf-8")))
    try:
        process = psutil.Process(record.pid)
        same = process.create_time() == record.started and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return None
    return (process, record.stop_signal) if same else None


def mark_of(process: psutil.Process) -> str | None:
    """Whose child the process says it is; None where that cannot be read."""
    try:
        return process.environ().get(MARK)
    except (psutil.Error, OSError):
        return None
