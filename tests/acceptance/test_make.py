"""`make` on a machine that has nothing yet, or not the right thing: it works, or says what to do."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.processes import ROOT

FILES = ("Makefile", ".ci", "pyproject.toml", "constraints.txt", "client")


@pytest.fixture
def checkout(server_folder: Path) -> Iterator[Path]:
    """As much of the checkout as `make` needs to make an environment."""
    folder = server_folder / "make"
    folder.mkdir()
    for name in FILES:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, folder / name)
    yield folder
    shutil.rmtree(folder)


def program(folder: Path, name: str, script: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def make(
    checkout: Path, *arguments: str, path: Path | None = None, **variables: str
) -> "subprocess.CompletedProcess[str]":
    """Run make with only the system's own tools, and those of `path` before them."""
    tools = checkout.with_name("tools")
    tools.mkdir(exist_ok=True)
    for name in ("make", "sh", "awk", "env", "dirname"):
        if not (tools / name).exists():
            (tools / name).symlink_to(shutil.which(name) or name)
    folders = [str(folder) for folder in (path, tools) if folder]
    environment = {**os.environ, **variables, "PATH": os.pathsep.join(folders)}
    return subprocess.run(
        ["make", *arguments], cwd=checkout, env=environment, capture_output=True, text=True, check=False
    )


def test_help_lists_every_target(checkout: Path) -> None:
    shown = make(checkout)
    assert shown.returncode == 0
    for target in ("demo", "up", "test", "test-all", "check", "fmt", "clean"):
        assert f"\n  make {target} " in shown.stdout


def test_tests_run_beside_the_checks_and_are_told_the_options(checkout: Path) -> None:
    shown = make(checkout, "--dry-run", "test", f"PYTHON={sys.executable}", "ARGS=-k this").stdout
    assert "--jobs=2 check tests" in shown
    assert ".ci/side-by-side 5 --ignore=tests/test_layers.py -k this" in shown
    assert ".venv/bin/python -m mypy" in shown


def test_without_python_it_says_which_is_needed_and_how_to_get_it(checkout: Path) -> None:
    told = make(checkout, "check")
    assert told.returncode != 0
    assert "Python 3.11 to 3.14 is needed and none is on PATH" in told.stderr
    assert "apt-get install python3.11 python3.11-venv" in told.stderr


def test_an_old_python_is_passed_over(checkout: Path, tmp_path: Path) -> None:
    program(tmp_path / "bin", "python3", f'[ "$1" = -c ] && exit 1; exec {sys.executable} "$@"')
    told = make(checkout, "check", path=tmp_path / "bin")
    assert "Python 3.11 to 3.14 is needed and none is on PATH" in told.stderr


def test_without_ensurepip_the_debian_package_is_named(checkout: Path, tmp_path: Path) -> None:
    (tmp_path / "hidden").mkdir()
    (tmp_path / "hidden" / "sitecustomize.py").write_text(
        "import importlib.util as u\n"
        "find = u.find_spec\n"
        "u.find_spec = lambda name, package=None: None if name == 'ensurepip' else find(name, package)\n"
    )
    told = make(checkout, "check", f"PYTHON={sys.executable}", PYTHONPATH=str(tmp_path / "hidden"))
    assert told.returncode != 0
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    assert f"cannot make environments (no ensurepip): apt-get install {version}-venv" in told.stderr


def test_clean_does_not_take_the_data_of_a_running_stack(checkout: Path) -> None:
    (checkout / "var").mkdir()
    (checkout / ".venv").mkdir()
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(checkout / "var" / "stack.lock")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        refused = make(checkout, "clean", f"PYTHON={sys.executable}")
        assert refused.returncode != 0
        assert "A stack is running with its data in" in refused.stderr
        assert (checkout / "var").exists()
    assert make(checkout, "clean", f"PYTHON={sys.executable}").returncode == 0
    assert not (checkout / "var").exists()
    assert not (checkout / ".venv").exists()


HOLD = """
import fcntl, sys
file = open(sys.argv[1], "w")
fcntl.flock(file, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""


@pytest.mark.debian("make")
def test_from_nothing_to_a_working_environment_once_and_again_after_a_move(checkout: Path) -> None:
    made = make(checkout, "environment-demo", f"PYTHON={sys.executable}")
    assert made.returncode == 0, made.stdout + made.stderr
    imported = subprocess.run(
        [checkout / ".venv/bin/python", "-c", "import escalation_client, celery; print(escalation_client.__file__)"],
        capture_output=True, text=True, check=True, cwd="/",
    )  # fmt: skip
    assert imported.stdout.startswith(str(checkout))
    assert make(checkout, "environment-demo", f"PYTHON={sys.executable}").stdout == ""
    (checkout / "constraints.txt").write_text((checkout / "constraints.txt").read_text() + "# changed\n")
    assert "Installing packages" in make(checkout, "environment-demo", f"PYTHON={sys.executable}").stdout
    moved = checkout.with_name("moved")
    checkout.rename(moved)
    try:
        assert "Making .venv" in make(moved, "environment-demo", f"PYTHON={sys.executable}").stdout
        assert str(checkout) not in (moved / ".venv/bin/celery").read_text()
        assert subprocess.run([moved / ".venv/bin/celery", "--version"], cwd="/").returncode == 0
    finally:
        moved.rename(checkout)
