"""The commands of docs/operate.md for backup and restore, run as they stand there; what fails loses nothing."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from redis import Redis
from sqlalchemy import Connection, text

from services.installation import Installation
from services.schema.check import compare
from tasks.evaluation.drain import drain
from tests.events import confidence
from tests.processes import ROOT
from tests.tasks.conftest import Publish
from worker.embedded import EmbeddedPostgres
from worker.embedded.binaries import NEWEST_POSTGRES, POSTGRES_FOLDERS, postgres_binaries

TABLES = ("tickets", "event_inbox", "mails", "mail_recipients", "audit_log")
DUMP = "escalation.dump"


def blocks() -> list[str]:
    """Each block of commands as somebody pastes it into a shell."""
    page = (ROOT / "docs" / "operate.md").read_text(encoding="utf-8").partition("## Backup and restore")[2]
    return re.findall(r"^(?: {4}\S.*\n)(?: {4}.*\n)*", page, re.MULTILINE)


@dataclass
class Shell:
    """Where somebody types the commands."""

    binaries: Path
    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    def run(self, block: str) -> "subprocess.CompletedProcess[str]":
        path = f"{self.binaries}:{Path(sys.executable).parent}:{os.environ['PATH']}"
        environment = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)}
        return subprocess.run(
            block, shell=True, cwd=self.folder, env=environment, capture_output=True, text=True, check=False
        )

    def does(self, block: str) -> None:
        result = self.run(block)
        assert result.returncode == 0, f"{block}\n{result.stdout}{result.stderr}"


@pytest.fixture
def lived(installation: Installation, publish: Publish, redis: Redis, connection: Connection) -> Connection:
    publish([confidence("s1", 0.1)])
    drain(redis, installation)
    return connection


@pytest.fixture
def shell(postgres: EmbeddedPostgres, tmp_path: Path) -> Shell:
    return Shell(postgres.binaries, tmp_path)


@pytest.fixture
def other_role(lived: Connection) -> Iterator[str]:
    lived.execute(text("CREATE ROLE reader_of_backups"))
    lived.execute(text("GRANT SELECT ON escalation.tickets TO reader_of_backups"))
    yield "reader_of_backups"
    lived.execute(text("DROP ROLE IF EXISTS reader_of_backups"))


def counts(connection: Connection, schema: str = "escalation") -> list[int]:
    return [connection.execute(text(f"SELECT count(*) FROM {schema}.{table}")).scalar_one() for table in TABLES]


def schemas(connection: Connection) -> set[str]:
    return set(
        connection.execute(text("SELECT nspname FROM pg_namespace WHERE starts_with(nspname, 'escalation')")).scalars()
    )


def test_what_was_backed_up_is_there_again(
    lived: Connection, shell: Shell, installation: Installation, publish: Publish, redis: Redis
) -> None:
    backup, restore, tidy_up, *_ = blocks()
    before = counts(lived)
    shell.does(backup)
    lived.execute(text("DELETE FROM escalation.mails"))
    shell.does(restore)
    assert counts(lived) == before
    lived.execute(text("UPDATE public.support_tickets SET priority = 'low'"))
    assert counts(lived)[-1] == before[-1] + 1, "changes stay on record between the two"
    shell.does(tidy_up)
    assert schemas(lived) == {"escalation"}
    assert [str(one) for one in compare(lived) if "audited" in one.found] == []

    publish([confidence("s1", 0.1), confidence("s2", 0.2)])
    assert drain(redis, installation).opened == 1


@pytest.mark.parametrize("kept", [0, 20, 0.5, 0.999], ids=["empty", "a few bytes", "half", "all but the end"])
def test_a_broken_file_stops_the_restore_before_anything_is_touched(
    lived: Connection, shell: Shell, kept: float
) -> None:
    backup, restore, *_ = blocks()
    before = counts(lived)
    shell.does(backup)
    dump = shell.folder / DUMP
    whole = dump.read_bytes()
    dump.write_bytes(whole[: int(kept) if kept >= 1 else int(len(whole) * kept)])
    assert shell.run(restore).returncode != 0
    assert (schemas(lived), counts(lived)) == ({"escalation"}, before)


def test_without_a_file_nothing_is_touched(lived: Connection, shell: Shell) -> None:
    before = counts(lived)
    assert shell.run(blocks()[1]).returncode != 0
    assert (schemas(lived), counts(lived)) == ({"escalation"}, before)


def test_a_pg_dump_that_is_older_than_the_server_leaves_the_last_backup_as_it_was(
    lived: Connection, shell: Shell, postgres: EmbeddedPostgres, tmp_path: Path
) -> None:
    older = min(POSTGRES_FOLDERS)
    if postgres.major == older:
        pytest.skip(f"the wheel has no pg_dump that is older than PostgreSQL {older} (newest: {NEWEST_POSTGRES})")
    backup, *_ = blocks()
    shell.does(backup)
    whole = (shell.folder / DUMP).read_bytes()
    shell.binaries = postgres_binaries(older, tmp_path / "programs", for_others=False)
    result = shell.run(backup)
    assert result.returncode != 0
    assert "version" in result.stderr
    assert (shell.folder / DUMP).read_bytes() == whole


def test_a_restore_that_fails_half_way_leaves_what_was_there_beside_and_a_way_back(
    lived: Connection, shell: Shell, other_role: str
) -> None:
    backup, restore, _, way_back = blocks()
    shell.does(backup)
    before = counts(lived)
    lived.execute(text(f"DROP OWNED BY {other_role}"))
    lived.execute(text(f"DROP ROLE {other_role}"))
    result = shell.run(restore)
    assert result.returncode != 0
    assert other_role in result.stderr
    assert (schemas(lived), counts(lived, "escalation_before")) == ({"escalation_before"}, before)
    shell.does(way_back)
    assert (schemas(lived), counts(lived)) == ({"escalation"}, before)
    lived.execute(text("UPDATE public.support_tickets SET priority = 'low'"))
    assert counts(lived)[-1] == before[-1] + 1
