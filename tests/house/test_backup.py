"""The commands of docs/operate.md for backup and restore, run as they stand there."""

import os
import re
import subprocess
import sys
from pathlib import Path

from redis import Redis
from sqlalchemy import Connection, text

from services.knowledge import Knowledge
from services.schema_check import compare
from tasks.drain import drain
from tests.events import confidence
from tests.processes import ROOT
from tests.tasks.conftest import Publish
from worker.embedded import EmbeddedPostgres


def commands() -> list[str]:
    page = (ROOT / "docs" / "operate.md").read_text(encoding="utf-8").partition("## Backup and restore")[2]
    return re.findall(r"^ {4}(\S.+)$", page, re.MULTILINE)


def test_what_was_backed_up_is_there_again(
    installation: Knowledge,
    publish: Publish,
    redis: Redis,
    connection: Connection,
    postgres: EmbeddedPostgres,
    tmp_path: Path,
) -> None:
    publish([confidence("s1", 0.1)])
    drain(redis, installation)
    backup, *restore = commands()
    before = counts(connection)
    run(backup, postgres, tmp_path)
    connection.execute(text("DELETE FROM escalation.mails"))
    for command in restore:
        run(command, postgres, tmp_path)
    assert counts(connection) == before
    assert [str(one) for one in compare(connection) if "audited" in one.found] == []

    publish([confidence("s1", 0.1), confidence("s2", 0.2)])
    assert drain(redis, installation).opened == 1


def counts(connection: Connection) -> list[int]:
    return [
        connection.execute(text(f"SELECT count(*) FROM escalation.{table}")).scalar_one()
        for table in ("tickets", "event_inbox", "mails", "mail_recipients")
    ]


def run(command: str, postgres: EmbeddedPostgres, folder: Path) -> None:
    path = f"{postgres.binaries}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)}
    result = subprocess.run(
        command, shell=True, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, f"{command}\n{result.stdout}{result.stderr}"
