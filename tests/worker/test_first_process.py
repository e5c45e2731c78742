"""The first process of a container without an init ends when it is told to."""

import os
import signal
import subprocess
import sys

import psutil
import pytest

from tests.processes import ROOT, wait_for


@pytest.mark.debian("unshare")
def test_a_command_that_waits_obeys_sigterm_as_process_one() -> None:
    environment = {**os.environ, "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nowhere"}
    space = ["unshare", "--user", "--map-root-user", "--pid", "--fork", "--kill-child"]
    outer = subprocess.Popen(
        [*space, sys.executable, "-m", "worker", "db", "migrate", "--wait", "60"],
        cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    with outer:
        assert outer.stderr
        assert "Waiting for PostgreSQL" in outer.stderr.readline()
        (first,) = psutil.Process(outer.pid).children()
        first.send_signal(signal.SIGTERM)
        wait_for(lambda: outer.poll() is not None, "its end", seconds=10)
    assert outer.returncode == 128 + signal.SIGTERM
