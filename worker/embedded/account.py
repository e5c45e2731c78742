"""The system user that PostgreSQL runs as where we are root: PostgreSQL refuses to run as root."""

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_fixed

from worker.embedded.errors import StackError

_NAME = "escalation-postgres"
_NO_LOGIN = "/usr/sbin/nologin"


@dataclass(frozen=True, slots=True)
class SystemUser:
    """A system user."""

    uid: int
    gid: int


def running_as(account: SystemUser | None) -> dict[str, Any]:
    """What `subprocess` needs to start a program as that user; nothing for our own."""
    return {"user": account.uid, "group": account.gid, "extra_groups": []} if account else {}


def database_account() -> SystemUser | None:
    """A user of PostgreSQL's own where we are root (made when it is missing), else None: our own user does.

    :raises StackError: the user cannot be made
    """
    if os.geteuid() != 0:
        return None
    return existing_account() or made_account()


def existing_account() -> SystemUser | None:
    try:
        entry = pwd.getpwnam(_NAME)
    except KeyError:
        return None
    return SystemUser(entry.pw_uid, entry.pw_gid)


# Two starts at once wait for the lock of the user files, or find the user made by the other.
@retry(retry=retry_if_exception_type(StackError), stop=stop_after_attempt(5), wait=wait_fixed(0.5), reraise=True)
def made_account() -> SystemUser:
    command = ["useradd", "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent",
               "--shell", _NO_LOGIN, _NAME]  # fmt: skip
    try:
        result = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise StackError(f"postgres cannot run as root, and useradd is missing to make a user: {_advice()}") from None
    account = existing_account()
    if account is None:
        raise StackError(f"postgres cannot run as root, and useradd failed ({result.stderr.strip()}): {_advice()}")
    return account


def _advice() -> str:
    return f"make a system user {_NAME}, or start as an ordinary user, or set DATABASE_URL"


def open_to_others(folder: Path) -> bool:
    """Can another user reach the folder? Modes are only looked at, never changed."""
    path = folder.resolve()
    return all(parent.stat().st_mode & 0o001 for parent in (path, *path.parents) if parent.exists())
