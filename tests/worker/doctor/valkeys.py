"""Servers with the Redis protocol that can be taken their disk."""

import resource
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import psutil

from worker.embedded import EmbeddedValkey

UNLIMITED = resource.RLIM_INFINITY


class ValkeyWithoutDisk(EmbeddedValkey):
    """Lives on where a file may not grow (setrlimit(2): the signal SIGXFSZ would end it, else the write just fails)."""

    def command(self) -> Sequence[str]:
        return ["env", "--ignore-signal=XFSZ", *super().command()]

    def settings(self) -> str:
        """Nothing that it does by itself comes between what a test does."""
        return f"{super().settings()}auto-aof-rewrite-percentage 0\nrepl-diskless-sync-delay 0\n"

    @contextmanager
    def disk_full(self, bytes_in_a_file: int) -> Iterator[None]:
        """No file of it, or of a child of it, gets larger than that."""
        process = psutil.Process(self.pid)
        process.rlimit(psutil.RLIMIT_FSIZE, (bytes_in_a_file, UNLIMITED))
        try:
            yield
        finally:
            process.rlimit(psutil.RLIMIT_FSIZE, (UNLIMITED, UNLIMITED))
