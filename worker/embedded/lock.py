"""One stack for a folder at a time; the lock falls with the process that holds it, however that ends."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from worker.embedded.errors import StackError

_FILE = "stack.lock"
_CLEANING = b"cleaning up"
# Longer than the watchdog takes to end what a killed stack left behind.
_PATIENCE_SECONDS = 12.0
_ASK_AGAIN_SECONDS = 0.05


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the folder; while a watchdog still cleans up after a killed stack, wait for it.

    :raises StackError: a stack of this folder is running
    """
    with (folder / _FILE).open("a+b") as file:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not _take(file):
            owner = content(file)
            if owner != _CLEANING or time.monotonic() > deadline:
                raise StackError(
                    f"a stack is already running in {folder} (pid {owner.decode()}): stop it first, "
                    "or choose another folder with --var"
                )
            time.sleep(_ASK_AGAIN_SECONDS)
        _sign(file, _name_of(os.getpid()))
        yield


@contextmanager
def inherited_lock(folder: Path, owner: int) -> Iterator[bool]:
    """Hold the folder as soon as its dead owner lets go of it; False if somebody else has it already."""
    with (folder / _FILE).open("a+b") as file:
        # The system closes a dead process's files one after the other, the lock perhaps last.
        while not (mine := _take(file)) and content(file) == _name_of(owner):
            time.sleep(_ASK_AGAIN_SECONDS)
        mine = mine and content(file) == _name_of(owner)
        if mine:
            _sign(file, _CLEANING)
        yield mine


def _name_of(process: int) -> bytes:
    return str(process).encode()


def _take(file: BinaryIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def content(file: BinaryIO) -> bytes:
    file.seek(0)
    return file.read()


def _sign(file: BinaryIO, text: bytes) -> None:
    file.truncate(0)
    file.write(text)
    file.flush()
