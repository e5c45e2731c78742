"""A word list that cannot be read stops who reads texts, and no event is set aside for it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from redis import Redis
from sqlalchemy import Connection, text

from escalation_client.events import encode
from services.events.stream import EVENTS
from tests.events import message
from tests.processes import ROOT, Processes

PARTS = ("config", "models", "rules", "services", "tasks", "templates", "worker")
REJECTED = text("SELECT count(*) FROM escalation.rejected_events")


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """This project with a word list that somebody has left unfinished."""
    for part in PARTS:
        shutil.copytree(ROOT / part, tmp_path / "broken" / part)
    with (tmp_path / "broken/config/detection/en.toml").open("a", encoding="utf-8") as word_list:
        word_list.write("\n[[entries]\n")
    return tmp_path / "broken"


def run(folder: Path, family: Processes, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, *arguments]
    return subprocess.run(
        command, cwd=folder, env=family.environment, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("task", ["drain_events", "reclaim_entries"])
def test_events_stay_in_the_stream(
    family: Processes, redis: Redis, connection: Connection, broken: Path, task: str
) -> None:
    redis.xadd(EVENTS, {"event": encode(message("s", "there is smoke"))})
    ended = run(broken, family, "-c", f"from tasks.events import {task}; {task}()")
    assert "ConfigurationError" in ended.stderr
    assert "en.toml" in ended.stderr
    assert connection.execute(REJECTED).scalar_one() == 0
    assert redis.xlen(EVENTS) == 1
    assert redis.xinfo_groups(EVENTS) == [], "somebody has begun to read"


@pytest.mark.parametrize("queues", [("-Q", "sweeps"), ()], ids=["sweeps", "all queues"])
def test_a_worker_does_not_start(family: Processes, broken: Path, queues: tuple[str, ...]) -> None:
    ended = run(broken, family, "-m", "celery", "-A", "worker", "worker", *queues, "-c", "1")
    assert ended.returncode == 1
    assert "The worker does not start" in ended.stderr
    assert "en.toml" in ended.stderr
