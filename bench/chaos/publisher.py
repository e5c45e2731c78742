"""`python -m bench.chaos.publisher URL FILE SPOOL SECONDS [CLUSTER]`: an assistant that may be killed at any moment.

It notes how far it came after each publishing, so a further start repeats a few events and leaves none out.
"""

import sys
import time
from collections.abc import Sequence
from pathlib import Path

from escalation_client import Publisher

BATCH = 20
FLUSH_SECONDS = 60.0


def publish(publisher: Publisher, lines: Sequence[str], note: Path, seconds: float) -> None:
    """Send all lines that are not noted as sent, evenly over so many seconds."""
    pause = seconds * BATCH / max(len(lines), 1)
    begin = int(note.read_text()) if note.exists() else 0
    for position in range(begin, len(lines), BATCH):
        publisher.send(lines[position : position + BATCH])
        note_atomically(note, position + BATCH)
        time.sleep(pause)


def note_atomically(note: Path, position: int) -> None:
    fresh = note.with_suffix(".new")
    fresh.write_text(str(position))
    fresh.replace(note)


def main(url: str, file: Path, spool: Path, seconds: float, cluster: str | None = None) -> int:
    publisher = Publisher(url, events_cluster=cluster, spool=spool, connect_timeout=1, timeout=1)
    publish(publisher, file.read_text(encoding="utf-8").splitlines(), file.with_suffix(".sent"), seconds)
    empty = publisher.flush(FLUSH_SECONDS)
    publisher.close()
    return 0 if empty else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), float(sys.argv[4]), *sys.argv[5:]))
