"""Events on disk while Redis is away: bounded, in order, safe for several processes and threads on one folder.

New events go to the file `open.jsonl`, one line each, and are on the disk (fsync) before `append` returns. A full file
is sealed: renamed to a number. Sealed files are sent in the order of their numbers and removed when all of one is sent;
whoever dies before that leaves it for the next, who sends it again, which the events' ids make harmless.
"""

import json
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

logger = logging.getLogger(__name__)

LIMIT_BYTES = 64 * 1024 * 1024
SEGMENT_BYTES = 1024 * 1024
BATCH = 500

Send = Callable[[Sequence[str]], object]


class SpoolFull(OSError):
    """The spool has reached its limit; nothing of the call was kept."""


class Spool:
    """A folder of encoded events that wait for Redis; at most `limit_bytes` of them."""

    def __init__(self, folder: str | Path, limit_bytes: int = LIMIT_BYTES) -> None:
        if os.name != "posix":
            raise OSError(f"a spool needs POSIX file locks, which {os.name} has not: publish without one here")
        self.folder = Path(folder)
        self.limit_bytes = limit_bytes
        self.open_file = self.folder / "open.jsonl"
        self.make_folder()

    def make_folder(self) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def pending(self) -> bool:
        """Whether anything waits; nothing does where the folder was swept away."""
        try:
            return any(name.endswith(".jsonl") for name in os.listdir(self.folder))
        except FileNotFoundError:
            return False

    def append(self, lines: Sequence[str]) -> None:
        """Keep some events, all or none. Raises `SpoolFull` or another OSError."""
        block = "".join(f"{line}\n" for line in lines).encode()
        try:
            self.append_block(block)
        except FileNotFoundError:
            # Swept away by somebody who clears temporary folders, perhaps just now.
            self.append_block(block)

    def append_block(self, block: bytes) -> None:
        self.make_folder()
        with self.locked("append"):
            kept = sum(path.stat().st_size for path in self.folder.glob("*.jsonl"))
            if kept + len(block) > self.limit_bytes:
                raise SpoolFull(f"{self.folder} holds {kept} bytes of events; its limit is {self.limit_bytes}")
            size = _write_through(self.open_file, block)
            if size == len(block):
                _sync_folder(self.folder)
            if size > SEGMENT_BYTES:
                self.seal()

    def flush(self, send: Send) -> bool:
        """Send all that waits, oldest first; False when another process is at it already."""
        with self.locked("flush", wait=False) as mine:
            while mine and self.pending():
                for segment in self.segments():
                    for batch in _batches(_complete_lines(segment)):
                        send(batch)
                    with self.locked("append"):
                        segment.unlink(missing_ok=True)
                with self.locked("append"):
                    self.seal()
            return mine

    def segments(self) -> list[Path]:
        return sorted(path for path in self.folder.glob("*.jsonl") if path != self.open_file)

    def seal(self) -> None:
        """Give the open file its number; only with the append lock."""
        if self.open_file.exists():
            last = int(self.segments()[-1].stem) if self.segments() else 0
            self.open_file.rename(self.folder / f"{last + 1:012}.jsonl")

    @contextmanager
    def locked(self, name: str, wait: bool = True) -> Iterator[bool]:
        """Hold a lock that the system takes back when this process dies; yields whether it was to be had."""
        import fcntl

        with open(self.folder / f"{name}.lock", "wb", opener=_private) as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _write_through(path: Path, block: bytes) -> int:
    """Append to a file and wait for the disk; return its size. What could not be written whole is cut off again."""
    with open(path, "ab", buffering=0, opener=_private) as file:
        start = file.tell()
        try:
            if _torn(path, start):
                block = b"\n" + block
            written = file.write(block)
            if written != len(block):
                raise OSError(f"{path} took {written} of {len(block)} bytes")
            os.fsync(file.fileno())
        except OSError:
            file.truncate(start)
            raise
        if not os.fstat(file.fileno()).st_nlink:
            raise FileNotFoundError(f"{path} was removed while it was written")
        return file.tell()


def _torn(path: Path, size: int) -> bool:
    """Whether a process died in the middle of the last line."""
    if not size:
        return False
    with open(path, "rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) != b"\n"


def _complete_lines(path: Path) -> Iterator[str]:
    """The events in a file; a line that a dying process left unfinished was never promised to anybody."""
    for number, line in enumerate(path.read_bytes().split(b"\n"), start=1):
        if not line:
            continue
        try:
            json.loads(line)
        except ValueError:
            logger.warning("an unfinished line in the spool is left out: %s line %d", path.name, number)
        else:
            yield line.decode()


def _batches(lines: Iterator[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    for line in lines:
        batch.append(line)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
