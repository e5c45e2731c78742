"""What a command asks the workers for reaches their Redis, though the command's process is no Celery program."""

import subprocess
import sys

import pytest
from redis import Redis

from tests.processes import ROOT
from tests.worker.doctor.doctor import whole_configuration
from worker.embedded import LocalMailServer

pytestmark = pytest.mark.long


@pytest.mark.parametrize("command", ["mail probe", "mail retry --state queued"])
def test_a_command_hints_at_the_workers_and_at_no_other_broker(
    environment: dict[str, str], redis: Redis, mail_server: LocalMailServer, command: str
) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "worker", *command.split()],
        cwd=ROOT, env=environment | whole_configuration(mail_server), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert "hint_not_sent" not in result.stdout + result.stderr
    assert [redis.llen(f"escalation:celery:{queue}") for queue in ("urgent", "mail")] == [1, 1]
