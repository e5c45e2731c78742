"""A stack of the demo's own: `python -m worker up` as a child, whatever the environment names."""

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from config.settings import Settings

ROOT: Final = Path(__file__).parent.parent
START_SECONDS: Final = 120.0
STOP_SECONDS: Final = 20.0
# Its updates go out at once, since its sessions pass in seconds; its users get mails too.
DEMO_SETTINGS: Final = {
    "MAIL_BUNDLE_SECONDS": "0",
    # A day's sessions within a minute are no storm.
    "POLICY_STORM_TICKETS": "0",
    "CUSTOMER_NOTICE": "true",
    "SUPPORT_TIME_ZONE": "Europe/Athens",
}


class StackFailed(Exception):
    """The stack did not start, or ended while it was needed; the text ends with what it said last."""


@dataclass(frozen=True, slots=True)
class RunningStack:
    """A running stack and where its parts are."""

    process: subprocess.Popen[str]
    log: Path
    places: dict[str, Any]

    @property
    def redis_url(self) -> str:
        return str(self.places["redis_url"])

    @property
    def database_url(self) -> str:
        return str(self.places["database_url"])

    @property
    def mail_dir(self) -> Path:
        return Path(self.places["mail_dir"])

    def check(self) -> None:
        """Raise `StackFailed` when it has ended."""
        if self.process.poll() is not None:
            raise StackFailed(f"the stack ended with {self.process.returncode}:\n{last_words(self.log)}")

    def stop(self) -> None:
        """Stop all of it and wait until it is gone."""
        stop(self.process)


def start_stack(folder: Path, *, fresh: bool, said: Callable[[str], None]) -> RunningStack:
    """Start a stack that keeps its data under a folder; `said` hears how far it is.

    :raises StackFailed: it ended, or does not answer after two minutes
    """
    folder.mkdir(parents=True, exist_ok=True)
    log, data = folder / "stack.log", folder / "stack"
    command = [sys.executable, "-m", "worker", "up", "--json", "--var", str(data), *(["--fresh"] if fresh else [])]
    with log.open("w", encoding="utf-8") as stderr:
        # A session of its own: Ctrl-C is for the demo, which then stops the stack in order.
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            start_new_session=True,
        )
    try:
        return RunningStack(process, log, _wait_for_places(process, log, said))
    except BaseException:
        stop(process)
        raise


def environment() -> dict[str, str]:
    """Ours without any setting of the worker: the demo must never reach a database or mail server that is in use."""
    names = {name.upper() for name in Settings.model_fields}
    names |= {f"{name}_FILE" for name in names}
    kept = {name: value for name, value in os.environ.items() if name.upper() not in names}
    return kept | DEMO_SETTINGS


def _wait_for_places(process: subprocess.Popen[str], log: Path, said: Callable[[str], None]) -> dict[str, Any]:
    """The one line of JSON that tells where everything is."""
    assert process.stdout is not None
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        said(last_words(log, lines=1))
        if select.select([process.stdout], [], [], 0.1)[0]:
            line = process.stdout.readline()
            if not line:
                raise StackFailed(f"the stack did not start (exit {process.wait()}):\n{last_words(log)}")
            places: dict[str, Any] = json.loads(line)
            return places
    raise StackFailed(f"the stack did not answer within {START_SECONDS:.0f} s:\n{last_words(log)}")


def last_words(log: Path, lines: int = 15) -> str:
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])


def stop(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        process.wait(STOP_SECONDS)
    if process.stdout:
        process.stdout.close()
