"""Where no Docker engine can be had, `make test-all` leaves the tests of the image out and says why; nowhere else."""

import os
import shutil
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
    write_program(tmp_path / "debootstrap", f"echo '{REASON}' >&2\nexit 1")
    told = run_image_tests(tmp_path, asked_for)
    assert told.returncode == code, told.stdout
    assert REASON in told.stdout
    assert ("SKIPPED" in told.stdout) == (code == 0)


@pytest.mark.debian("root", "mount-namespaces", "debootstrap")
def test_a_stand_in_that_breaks_is_a_failure(tmp_path: Path) -> None:
    """The engine is there and starts; it is played, since a real one takes minutes."""
    installed = tmp_path / "escalation-worker" / "image-test" / "root" / "usr" / "sbin" / "dockerd"
    installed.parent.mkdir(parents=True)
    installed.touch()
    # Whether this machine has namespaces is asked with the real one.
    real = shutil.which("unshare")
    write_program(tmp_path / "unshare", f'case $* in *--kill-child*) sleep 600 & wait;; *) exec {real} "$@";; esac')
    write_program(tmp_path / "nsenter", f"case \"$*\" in *'docker import '*) echo '{REASON}' >&2; exit 1;; esac")
    told = run_image_tests(tmp_path, "debian and image")
    assert told.returncode == 1, told.stdout
    assert REASON in told.stdout
    assert "SKIPPED" not in told.stdout


def write_program(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)


def run_image_tests(folder: Path, asked_for: str) -> "subprocess.CompletedProcess[str]":
    """With the programs in a folder before all others, and what an engine keeps in there too."""
    environment = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", "XDG_CACHE_HOME": str(folder)}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-m", asked_for, "tests/deploy/image"]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
