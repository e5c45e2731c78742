"""`python -m worker status` as a process."""

import subprocess
import sys

import pytest
from redis import Redis

from escalation_client.events import encode
from services.events.stream import EVENTS
from tests.events import message
from tests.processes import ROOT, Processes, wait_for

pytestmark = pytest.mark.long


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


@pytest.mark.parametrize(
    ("changed", "said", "shown", "missing"),
    [
        (
            {"DATABASE_URL": "postgresql://u:hidden-secret@127.0.0.1:1/x"},
            "PostgreSQL cannot be read",
            "beat's last message",
            "Mails",
        ),
        (
            {"REDIS_URL": "redis://:hidden-secret@127.0.0.1:1/0"},
            "Redis cannot be read",
            "Open alerts: unknown",
            "beat's last message",
        ),
    ],
)
def test_while_one_server_is_away_the_half_of_the_other_is_shown(
    family: Processes, changed: dict[str, str], said: str, shown: str, missing: str
) -> None:
    result = status(family, **changed)
    assert (result.returncode, "Traceback" in result.stderr) == (1, False)
    assert said in result.stdout
    assert shown in result.stdout
    assert missing not in result.stdout
    assert "hidden-secret" not in result.stdout + result.stderr
