"""`python -m worker health …` beside programs that carry names of their own."""

import subprocess
import sys

import pytest
from redis import Redis

from tests.processes import ROOT, Processes, wait_for
from worker.liveness.program.signs import SIGN_OF_LIFE


def health(family: Processes, *words: str) -> tuple[int, str]:
    """The exit code and what was said."""
    result = subprocess.run(
        [sys.executable, "-m", "worker", "health", *words],
        cwd=ROOT, env=family.environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return result.returncode, (result.stdout + result.stderr).strip()


@pytest.mark.long
def test_whoever_does_the_work_is_healthy_whatever_its_name(family: Processes, redis: Redis) -> None:
    family.worker(queues="events,sweeps", concurrency=1)
    wait_for(lambda: redis.exists(SIGN_OF_LIFE), "the doorbell")
    assert health(family, "worker") == (0, "w0@test answers")
    # What a container's check asks, and so must not be pleased by another container.
    code, said = health(family, "worker", "--own")
    assert (code, said.startswith("worker@"), said.endswith("does not answer")) == (1, True, True)


@pytest.mark.long
def test_work_that_nobody_does_is_named_with_what_to_start(family: Processes) -> None:
    family.worker(queues="urgent", concurrency=1)
    assert health(family, "mailer") == (1, "no worker that answers consumes mail: start one with -Q urgent,mail")
    assert health(family, "beat") == (1, "no beat answers: start it")
