"""`python -m worker status` as a process."""

import subprocess
import sys

from redis import Redis

from escalation_client.events import encode
from services.stream import EVENTS
from tests.events import message
from tests.processes import ROOT, Processes, wait_for


def status(family: Processes, **changed: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "worker", "status"],
        cwd=ROOT,
        env={**family.environment, **changed},
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_shows_events_mails_and_sweeps(family: Processes, redis: Redis) -> None:
    first = status(family)
    assert first.returncode == 0, first.stderr
    assert "No open alerts." in first.stdout
    family.worker()
    redis.xadd(EVENTS, {"event": encode(message("session-of-jane", "my words: there is smoke"))})
    wait_for(lambda: "tickets nobody took, up to 15m" in status(family).stdout, "the ticket")
    shown = status(family).stdout
    assert "urgent" in shown
    assert [word for word in ("jane", "smoke", "example.com") if word in shown] == []


def test_what_cannot_be_read_is_said(family: Processes) -> None:
    result = status(family, DATABASE_URL="postgresql://escalation:hidden-secret@127.0.0.1:1/x")
    assert result.returncode == 1
    assert "PostgreSQL cannot be read" in result.stdout
    assert "hidden-secret" not in result.stdout + result.stderr
