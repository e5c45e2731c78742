"""Files that are whole or absent, and readable by their owner alone."""

import os
from pathlib import Path

SECRET = 0o600


def write_atomically(path: Path, content: str | bytes, mode: int = SECRET) -> None:
    """Write the file so that a reader sees the old content or the new one, never a part."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    data = content.encode() if isinstance(content, str) else content
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
    unfinished.replace(path)


def last_lines(path: Path, count: int = 12, most_bytes: int = 8_192) -> str:
    """The end of a log; empty when there is none."""
    if not path.exists():
        return ""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - most_bytes))
        lines = file.read().decode("utf-8", "replace").splitlines()
    return "\n".join(lines[-count:])
