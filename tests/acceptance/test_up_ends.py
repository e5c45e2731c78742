"""However a stack ends, nothing of it is left; wherever it lies, no mode of a folder is changed."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psutil
import psycopg2
import pytest

from tests.processes import ROOT, wait_for
from tests.stack import RunningStack, started
from worker.embedded import StackError
from worker.embedded.paths import data_folder

LEFT_OUT = shutil.ignore_patterns("var", ".*", "__pycache__", "build", "*.egg-info")


@pytest.fixture
def closed_home(server_folder: Path) -> Iterator[Path]:
    """A home folder that nobody else may enter, with a copy of the checkout in it."""
    home = server_folder / "home"
    home.mkdir(mode=0o700)
    shutil.copytree(ROOT, home / "checkout", ignore=LEFT_OUT)
    yield home
    outside = (home / "checkout" / "var").resolve()
    shutil.rmtree(home)
    shutil.rmtree(outside, ignore_errors=True)


@pytest.fixture
def _ctrl_c_counts() -> Iterator[None]:
    """Where a shell has started these tests in the background, it is ignored by them and by all that they start."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def modes(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mode for path in (folder, folder.parent, folder / "checkout")}


@pytest.mark.long
def test_after_kill_nothing_is_left_and_the_next_start_has_the_data(closed_home: Path) -> None:
    checkout, before = closed_home / "checkout", modes(closed_home)
    var = checkout / "var"
    with started(var, checkout=checkout) as killed:
        killed.ready()
        assert modes(closed_home) == before
        assert var.is_symlink() == (os.geteuid() == 0)
        mark(killed, "first")
        kill_with_watchdog(killed)
        survivors = [psutil.Process(pid) for pid in killed.pids().values()]

        bystander = subprocess.Popen(["sleep", "100"], cwd=var)
        with started(var, checkout=checkout) as second:
            second.ready()
            assert not any(process.is_running() for process in survivors)
            assert "ended what an earlier stack left running: " in second.said
            assert marks(second) == ["first"]
            assert bystander.poll() is None
            bystander.kill()
            bystander.wait()
            second.process.kill()
            wait_for(lambda: not second.processes(), "the watchdog to end everything")
    assert modes(closed_home) == before


@pytest.mark.parametrize("empty", [True, False])
def test_a_folder_with_files_is_not_replaced_by_a_link(server_folder: Path, empty: bool) -> None:
    closed = server_folder / f"closed{empty}"
    (closed / "var").mkdir(parents=True)
    closed.chmod(0o700)
    if not empty:
        (closed / "var" / "mine.txt").write_text("kept")
    if os.geteuid() == 0 and not empty:
        with pytest.raises(StackError, match=f"move it away .mv {closed}/var {closed}/var.old. and start again"):
            data_folder(closed / "var")
        assert (closed / "var" / "mine.txt").read_text() == "kept"
    else:
        folder = data_folder(closed / "var")
        assert folder.is_dir()
        assert (folder == closed / "var") == (os.geteuid() != 0)
        folder.rmdir() if empty else shutil.rmtree(folder)
    assert closed.stat().st_mode & 0o077 == 0


@pytest.mark.usefixtures("_ctrl_c_counts")
def test_a_stack_that_is_still_starting_can_be_ended(server_folder: Path) -> None:
    with started(server_folder / "early") as stack:
        wait_for(lambda: "valkey answers" in stack.said, "the first part")
        stack.process.send_signal(signal.SIGINT)
        assert stack.process.wait(10) == 0
        assert stack.processes() == []
        assert "nothing is left running" in stack.said


def kill_with_watchdog(stack: RunningStack) -> None:
    """As when the machine's out-of-memory killer takes both."""
    [watchdog] = [child for child in psutil.Process(stack.process.pid).children() if "worker.embedded.watchdog" in
                  child.cmdline()]  # fmt: skip
    watchdog.kill()
    stack.process.kill()
    stack.process.wait()


def mark(stack: RunningStack, text: str) -> None:
    query(stack, f"CREATE TABLE public.mark AS SELECT '{text}' AS text")


def marks(stack: RunningStack) -> list[object]:
    return [query(stack, "SELECT text FROM public.mark")]


def query(stack: RunningStack, statement: str) -> object:
    with closing(psycopg2.connect(stack.description()["database_url"])) as connection, connection:
        cursor = connection.cursor()
        cursor.execute(statement)
        row = cursor.fetchone() if cursor.description else None
        return row[0] if row else None
