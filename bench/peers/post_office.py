"""How many seconds django-post_office takes for mails whose content is ready, or that it renders as we do."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from bench.mix import escalating
from bench.peers.environment import CHECKOUT, peers_python
from bench.stand import Stand

BATCH = 500


@dataclass(frozen=True, slots=True)
class Sending:
    """What it is to send; to the stand's mail server unless a port is said.

    :param content: a folder of `write_content`, where its application renders each mail before it is queued
    """

    count: int
    processes: int = 1
    secured: bool = False
    batch: int = BATCH
    port: int | None = None
    content: Path | None = None


def seconds(stand: Stand, sending: Sending) -> dict[str, float]:
    """Seconds for queueing the mails and for sending them, in a database of its own on the same server."""
    with stand.database() as name:
        given = {
            "database": stand.postgres.url_of(name),
            "port": sending.port or stand.sink.port,
            "secured": sending.secured,
            "batch": sending.batch,
            "count": sending.count,
            "processes": sending.processes,
            "lock": str(stand.folder / f"{name}_lock"),
            "content": sending.content and str(sending.content),
        }
        script = Path(__file__).with_name("post_office_run.py")
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(CHECKOUT),
            "SSL_CERT_FILE": str(stand.sink.authority),
        }
        run = subprocess.run(
            [str(peers_python()), str(script), json.dumps(given)],
            env=environment, cwd=stand.folder, capture_output=True, text=True, check=False,
        )  # fmt: skip
    if run.returncode:
        raise RuntimeError(f"django-post_office failed:\n{run.stdout}{run.stderr}")
    found: dict[str, float] = json.loads(run.stdout.splitlines()[-1])
    return found


def write_content(stand: Stand) -> Path:
    """A folder with the templates of our mail about a ticket, and with such a ticket."""
    folder = stand.folder / "content"
    command = [sys.executable, "-m", "bench.peers.content", str(folder)]
    with stand.round() as one:
        one.publish(escalating(1, "content"))
        subprocess.run(command, cwd=CHECKOUT, env=one.family.environment, check=True)
    return folder
