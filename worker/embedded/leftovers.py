"""What a stack that was killed has left behind: found by pid files and marks, and ended; nothing else is touched."""

import os
import signal
from pathlib import Path

import psutil

from worker.embedded.pidfile import mark_of, recorded
from worker.embedded.processes import family, send, wait_or_kill

SECONDS = 5.0


def end_leftovers(folder: Path) -> int:
    """End what an earlier stack of this folder left running; returns how many processes that were."""
    found = leftovers(folder.absolute())
    for process, number in found.items():
        send([process], number)
    wait_or_kill(list(found), SECONDS)
    return len(found)


def leftovers(folder: Path) -> dict[psutil.Process, int]:
    """Each process with the signal that stops it."""
    found: dict[psutil.Process, int] = {}
    for pidfile in folder.glob("*/*.pid"):
        if (leader := recorded(pidfile)) is not None:
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
