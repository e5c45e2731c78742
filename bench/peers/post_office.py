"""How many mails a second django-post_office queues and sends."""

import json
import os
import subprocess
from pathlib import Path

from bench.peers.environment import CHECKOUT, peers_python
from bench.stand import Stand

BATCH = 500


def seconds(
    stand: Stand, count: int, processes: int, secured: bool, batch: int = BATCH, port: int | None = None
) -> dict[str, float]:
    """Seconds for queueing so many mails and for sending them, in a database of its own on the same server."""
    with stand.database() as name:
        given = {
            "database": stand.postgres.url_of(name),
            "port": port or stand.sink.port,
            "secured": secured,
            "batch": batch,
            "count": count,
            "processes": processes,
            "lock": str(stand.folder / f"{name}_lock"),
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
