"""A worker's children: each says in shared memory that it lives; a silent one is killed, and the pool replaces it."""

import mmap
import os
import signal
import struct
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import structlog
from billiard.process import current_process

logger = structlog.get_logger()

_SECONDS_BETWEEN_SIGNS = 2.0
# Process and time of the last sign, by the child's place in the pool.
_SLOT = struct.Struct("qd")
_SLOTS = 1_024
# Made before the first fork, so that parent and children share it.
_table = mmap.mmap(-1, _SLOT.size * _SLOTS)


def give_signs() -> None:
    """In a child: from a thread, so that a long task is no silence. Where the process is frozen, so is the thread."""
    place = int(getattr(current_process(), "index", 0)) % _SLOTS
    threading.Thread(target=_give_signs, args=(place,), name="sign-of-life", daemon=True).start()


def _give_signs(place: int) -> None:
    while True:
        _SLOT.pack_into(_table, place * _SLOT.size, os.getpid(), time.monotonic())
        time.sleep(_SECONDS_BETWEEN_SIGNS)


class Children:
    """The processes of a pool; `limit`: for how many seconds one may be silent."""

    def __init__(self, pool: Any, limit: float) -> None:
        self.pool, self.limit = pool, limit
        self.known: dict[int, float] = {}

    def processes(self) -> list[tuple[int, int]]:
        """Place and process number of each."""
        inner = getattr(self.pool, "_pool", None)
        return [(process.index, process.pid) for process in getattr(inner, "_pool", []) if process.pid]

    def kill_silent(self) -> None:
        """The pool sees that a child has ended and starts another; what it had in hand, a sweep does again."""
        now = time.monotonic()
        alive = self.processes()
        self.known = {pid: self.known.get(pid, now) for _, pid in alive}
        for place, pid in alive:
            owner, last = _SLOT.unpack_from(_table, (place % _SLOTS) * _SLOT.size)
            silent = now - (max(last, self.known[pid]) if owner == pid else self.known[pid])
            if silent > self.limit:
                logger.error("child_killed", child=pid, silent_seconds=round(silent))
                _kill([pid])

    def renew(self) -> None:
        """Count from now on."""
        self.known = {}

    def kill_all(self) -> None:
        _kill(pid for _, pid in self.processes())


def _kill(pids: Iterable[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
