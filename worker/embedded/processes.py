"""Ending processes so that none of them, and none that they started, is left."""

import signal
from collections.abc import Iterable, Sequence
from contextlib import suppress

import psutil


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
