"""README's blocks as they would be pasted into a terminal, beside the stack that `make up` starts."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from services.database.engine import driver_url
from tests.processes import ROOT, wait_for
from tests.stack import GIVEN, RunningStack, started

pytestmark = [pytest.mark.long, pytest.mark.debian("redis-cli")]

BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```", re.MULTILINE | re.DOTALL)
# test_commands.py runs `make` and test_programs.py Celery's programs; what is to be installed is here already.
ELSEWHERE = re.compile(r"^(make|celery) .*\n", re.MULTILINE)
INSTALL = re.compile(r"^pip install ", re.MULTILINE)
TICKETS = text("SELECT session_id, reasons FROM escalation.tickets WHERE session_id LIKE 'session-%'")


@pytest.fixture(scope="module")
def checkout(server_folder: Path) -> Iterator[Path]:
    """A checkout of its own: its `.venv` and its `var` are where README says."""
    folder = server_folder / "checkout"
    folder.mkdir()
    for path in ROOT.iterdir():
        if path.name not in {"var", ".venv", ".git"}:
            (folder / path.name).symlink_to(path)
    (folder / ".venv").symlink_to(sys.prefix)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def stack(checkout: Path) -> Iterator[RunningStack]:
    with started(checkout / "var", checkout=checkout) as stack:
        yield stack.ready()


def paste(lines: str, checkout: Path) -> str:
    """What a shell says to these lines; it ends at the first that fails."""
    environment = {name: value for name, value in os.environ.items() if name not in GIVEN}
    pasted = subprocess.run(
        ["sh", "-e", "-c", lines], cwd=checkout, env=environment, capture_output=True, text=True, check=False
    )
    assert pasted.returncode == 0, f"{lines}\n{pasted.stdout[-2000:]}{pasted.stderr[-2000:]}"
    return pasted.stdout


def test_every_block_runs_as_pasted(checkout: Path, stack: RunningStack) -> None:
    said = []
    # What README has the reader do first in that terminal.
    entered = ". .venv/bin/activate && . var/environment\n"
    assert entered in (ROOT / "README.md").read_text(encoding="utf-8")
    for language, block in BLOCK.findall((ROOT / "README.md").read_text(encoding="utf-8")):
        lines = INSTALL.sub("pip install --quiet --dry-run --no-deps ", ELSEWHERE.sub("", block))
        if language == "python":
            lines = f"python - <<'END'\n{lines}END\n"
        said.append(paste(entered + lines, checkout))
    assert any("accepted" in words for words in said), "the mail that `publish --follow` waits for"

    engine = create_engine(driver_url(stack.description()["database_url"]))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        wait_for(lambda: len(connection.execute(TICKETS).all()) == 2, "the tickets of the Python and redis-cli blocks")
        reasons = {row.session_id: row.reasons for row in connection.execute(TICKETS)}
    engine.dispose()
    assert "user_request" in reasons["session-1"]
    assert "safety_concern" in reasons["session-2"]
