"""Where the stack keeps its data: never where PostgreSQL's own user would need a closed folder opened."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from worker.embedded.account import existing_account, open_to_others
from worker.embedded.errors import StackError

# Root's place for what lies in a closed folder, by the path that leads to it (the Makefile does so for .venv).
_OUTSIDE = Path("/var/lib/escalation-worker")


def data_folder(var: Path) -> Path:
    """The folder for the data, made if missing; as root, `var` becomes a link where its own place is closed to others.

    :raises StackError: there is something in the way
    """
    if var.is_symlink() and not var.exists() and var.readlink().parent == _OUTSIDE:
        # Somebody removed the folder that we had made.
        var.unlink()
    if os.geteuid() != 0 or open_to_others(_existing_parent(var)):
        var.mkdir(mode=0o711, parents=True, exist_ok=True)
    else:
        _make_room(var)
        var.symlink_to(_place_outside(var))
    return var.resolve()


def _existing_parent(var: Path) -> Path:
    path = var.resolve()
    return next(folder for folder in (path, *path.parents) if folder.exists())


def _place_outside(var: Path) -> Path:
    """A folder of root's own for this path."""
    _OUTSIDE.mkdir(mode=0o711, exist_ok=True)
    if _OUTSIDE.is_symlink() or _OUTSIDE.stat().st_uid != 0:
        raise StackError(f"{_OUTSIDE} is not root's: remove it, or choose another folder with --var")
    folder = _OUTSIDE / hashlib.sha256(os.fsencode(var.absolute())).hexdigest()[:12]
    folder.mkdir(mode=0o711, exist_ok=True)
    return folder


def _make_room(var: Path) -> None:
    var.parent.mkdir(parents=True, exist_ok=True)
    if var.exists():
        if any(var.iterdir()):
            raise StackError(
                f"{var} lies where PostgreSQL's own user cannot reach it, and modes of such folders are not changed: "
                f"move it away (mv {var} {var}.old) and start again, and it becomes a link to a folder in {_OUTSIDE}"
            )
        var.rmdir()


_SECRET = 0o600


def write_atomically(path: Path, content: str | bytes, mode: int = _SECRET) -> None:
    """Write the file so that a reader sees the old content or the new one, never a part."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    data = content.encode() if isinstance(content, str) else content
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
    unfinished.replace(path)


_MOST_LINES, _MOST_BYTES = 12, 8_192


def last_lines(path: Path) -> str:
    """The end of a log, twelve lines at most; empty when there is none."""
    if not path.exists():
        return ""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _MOST_BYTES))
        lines = file.read().decode("utf-8", "replace").splitlines()
    return "\n".join(lines[-_MOST_LINES:])


@contextmanager
def temporary_folder(parent: Path | None = None) -> Iterator[Path]:
    """A folder for parts that are thrown away; it goes with everything in it.

    :param parent: where it is made instead of in the folder for temporary files
    """
    usual = parent or Path(tempfile.gettempdir())
    reachable = usual if os.geteuid() != 0 or open_to_others(usual) else Path("/var/tmp")
    folder = Path(tempfile.mkdtemp(prefix="escalation-", dir=reachable))
    # Others may pass through; each part's own folder is closed.
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


# 104 bytes on macOS and 108 on Linux, with the closing zero; PostgreSQL's name needs 15 more.
_LONGEST_PATH = 103
SOCKET = ".s.PGSQL.5432"


def socket_folder(wanted: Path) -> Path:
    """The wanted folder, or a short one in the folder for temporary files; nothing is made yet."""
    if len(os.fsencode(wanted / SOCKET)) <= _LONGEST_PATH:
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
