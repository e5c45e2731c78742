"""Which process is ours: its pid together with the time it was started, since pids are used again."""

import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from worker.embedded.files import write_atomically

# The environment variable by which a child, and whatever it starts, tells whose it is.
MARK = "ESCALATION_STACK"


@dataclass(frozen=True, slots=True)
class Record:
    """What is written down of a child."""

    pid: int
    started: float
    stop_signal: int


def write_pidfile(path: Path, pid: int, stop_signal: int) -> None:
    # A child that ended already needs no record.
    with suppress(psutil.NoSuchProcess):
        record = Record(pid, psutil.Process(pid).create_time(), stop_signal)
        write_atomically(path, json.dumps(asdict(record)))


def recorded(path: Path) -> tuple[psutil.Process, int] | None:
    """The living process of a pid file and the signal that stops it; None if that process is gone."""
    record = Record(**json.loads(path.read_text(encoding="utf-8")))
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
