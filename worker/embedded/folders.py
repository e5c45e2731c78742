"""Folders that PostgreSQL's own user can reach where we are root."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from worker.embedded.account import open_to_others


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """A folder for parts that are thrown away; it goes with everything in it."""
    usual = Path(tempfile.gettempdir())
    parent = usual if os.geteuid() != 0 or open_to_others(usual) else Path("/var/tmp")
    folder = Path(tempfile.mkdtemp(prefix="escalation-", dir=parent))
    # Others may pass through; each part's own folder is closed.
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)
