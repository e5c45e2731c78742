"""Where the stack keeps its data: never where PostgreSQL's own user would need a closed folder opened."""

import hashlib
import os
from pathlib import Path

from worker.embedded.account import open_to_others
from worker.embedded.errors import StackError

# Root's place for what lies in a closed folder, by the path that leads to it (the Makefile does so for .venv).
OUTSIDE = Path("/var/lib/escalation-worker")


def data_folder(var: Path) -> Path:
    """The folder for the data, made if missing; as root, `var` becomes a link where its own place is closed to others.

    :raises StackError: there is something in the way
    """
    if var.is_symlink() and not var.exists() and var.readlink().parent == OUTSIDE:
        # Somebody removed the folder that we had made.
        var.unlink()
    if os.geteuid() != 0 or open_to_others(existing_parent(var)):
        var.mkdir(mode=0o711, parents=True, exist_ok=True)
    else:
        make_room(var)
        var.symlink_to(place_outside(var))
    return var.resolve()


def existing_parent(var: Path) -> Path:
    path = var.resolve()
    return next(folder for folder in (path, *path.parents) if folder.exists())


def place_outside(var: Path) -> Path:
    """A folder of root's own for this path."""
    OUTSIDE.mkdir(mode=0o711, exist_ok=True)
    if OUTSIDE.is_symlink() or OUTSIDE.stat().st_uid != 0:
        raise StackError(f"{OUTSIDE} is not root's: remove it, or choose another folder with --var")
    folder = OUTSIDE / hashlib.sha256(os.fsencode(var.absolute())).hexdigest()[:12]
    folder.mkdir(mode=0o711, exist_ok=True)
    return folder


def make_room(var: Path) -> None:
    var.parent.mkdir(parents=True, exist_ok=True)
    if var.exists():
        if any(var.iterdir()):
            raise StackError(
                f"{var} lies where PostgreSQL's own user cannot reach it, and modes of such folders are not changed: "
                f"move it away (mv {var} {var}.old) and start again, and it becomes a link to a folder in {OUTSIDE}"
            )
        var.rmdir()
