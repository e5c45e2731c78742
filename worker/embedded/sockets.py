"""A folder for a Unix socket, whose whole path must be shorter than the paths of files may be."""

import hashlib
import os
import tempfile
from pathlib import Path

from worker.embedded.account import existing_account
from worker.embedded.errors import StackError

# 104 bytes on macOS and 108 on Linux, with the closing zero; PostgreSQL's name needs 15 more.
LONGEST_PATH = 103
SOCKET = ".s.PGSQL.5432"


def socket_folder(wanted: Path) -> Path:
    """The wanted folder, or a short one in the folder for temporary files; nothing is made yet."""
    if len(os.fsencode(wanted / SOCKET)) <= LONGEST_PATH:
        return wanted
    name = hashlib.sha256(os.fsencode(wanted)).hexdigest()[:12]
    return Path(tempfile.gettempdir(), f"escalation-{os.geteuid()}-{name}")


def check_is_ours(folder: Path) -> None:
    """Others may write where temporary files are, and so be there first.

    :raises StackError: somebody else has put something in its place
    """
    account = existing_account()
    owners = {os.geteuid()} | ({account.uid} if account and os.geteuid() == 0 else set())
    status = folder.lstat()
    if folder.is_symlink() or not folder.is_dir() or status.st_uid not in owners or status.st_mode & 0o077:
        raise StackError(f"{folder} is not ours alone: remove it, or choose a folder with a shorter path (--var)")
