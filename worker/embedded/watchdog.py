"""`python -m worker.embedded.watchdog FOLDER`: ends the parts of a stack whose process was killed.

It waits for the end of its input, which the stack holds open, and so notices whatever way that ends.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from worker.embedded.lock import inherited_lock
from worker.embedded.process import CHECKOUT
from worker.embedded.process_tree import end_leftovers

_ALL_ENDED = b"all ended"


@contextmanager
def watched(folder: Path) -> Iterator[None]:
    """Keep a watchdog over the folder; the caller holds its lock and ends its parts itself when it can."""
    command = [sys.executable, "-m", "worker.embedded.watchdog", str(folder), str(os.getpid())]
    with subprocess.Popen(command, cwd=CHECKOUT, stdin=subprocess.PIPE, start_new_session=True) as watchdog:
        try:
            yield
        finally:
            watchdog.communicate(_ALL_ENDED)


def _watch(folder: Path, stack: int) -> None:
    """Wait until the stack with this pid has ended; if it could not end its parts, do so."""
    if sys.stdin.buffer.read() != _ALL_ENDED:
        with inherited_lock(folder, stack) as mine:
            if mine:
                end_leftovers(folder)


if __name__ == "__main__":
    _watch(Path(sys.argv[1]), int(sys.argv[2]))
