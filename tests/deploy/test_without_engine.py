"""Where no Docker engine can be had, `make test-all` leaves the tests of the image out and says why."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import ROOT

REASON = "E: the mirror does not answer"


@pytest.mark.debian("root", "mount-namespaces", "debootstrap")
@pytest.mark.parametrize(("asked_for", "code"), [("debian and image", 0), ("image", 1)])
def test_the_reason_is_named_and_who_asks_for_them_alone_hears_a_failure(
    asked_for: str, code: int, tmp_path: Path
) -> None:
    (tmp_path / "debootstrap").write_text(f"#!/bin/sh\necho '{REASON}' >&2\nexit 1\n", encoding="utf-8")
    (tmp_path / "debootstrap").chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "XDG_CACHE_HOME": str(tmp_path)}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-m", asked_for, "tests/deploy/image"]
    told = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert told.returncode == code, told.stdout
    assert REASON in told.stdout
    assert ("SKIPPED" in told.stdout) == (code == 0)
