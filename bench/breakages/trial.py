"""Break a copy of the tree, run the tests that are to find it, and say which did."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.breakages.breakage import Breakage

CHECKOUT = Path(__file__).parents[2]
LEFT_OUT = shutil.ignore_patterns(".*", "var", "dist", "build", "*.egg-info", "__pycache__")
# So many minutes with this seed; calm is short, since what is lost never comes.
STORM = ("bench.chaos", "--minutes", "1", "--seed", "2", "--calm", "45")
DIFFERS = re.compile(r"^differs: (.+)$", re.MULTILINE)
FAILED = re.compile(r"^FAILED (\S+?)::(\w+)", re.MULTILINE)
SECONDS = 600


class NoVerdict(Exception):
    """The tests neither passed nor failed: they could not be run at all."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A breakage, the tests that found it, and what a storm found, if there was one."""

    breakage: Breakage
    found_by: tuple[str, ...]
    differences: tuple[str, ...] | None = None

    @property
    def found(self) -> bool:
        """By a test and, where one was let loose, by a storm."""
        return bool(self.found_by) and self.differences != ()


@contextmanager
def broken(breakage: Breakage) -> Iterator[Path]:
    """A copy of this tree with the breakage in it."""
    with TemporaryDirectory(prefix="breakage-") as folder:
        tree = Path(folder) / "tree"
        shutil.copytree(CHECKOUT, tree, ignore=LEFT_OUT)
        breakage.apply(tree)
        yield tree


def run(tree: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """A module of the copy in this interpreter's environment; the client comes from the copy too."""
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": f"{tree / 'client' / 'src'}", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def tried(breakage: Breakage, *, with_storm: bool) -> Trial:
    """Run the breakage's tests on a broken copy, and a storm if it is to find it too.

    :raises NoVerdict: with the output
    """
    with broken(breakage) as tree:
        output = judged(run(tree, "pytest", "-q", "-x", "-p", "no:cacheprovider", "-m", "not debian", *breakage.tests))
        found = tuple(dict.fromkeys(f"{file}::{name}" for file, name in FAILED.findall(output)))
        if not (with_storm and breakage.storm):
            return Trial(breakage, found)
        return Trial(breakage, found, tuple(DIFFERS.findall(judged(run(tree, *STORM)))))


def judged(result: "subprocess.CompletedProcess[str]") -> str:
    """The output of something that passed or failed.

    :raises NoVerdict: it did neither, and without a verdict nothing is found
    """
    if result.returncode not in {0, 1} or "Traceback" in result.stderr:
        raise NoVerdict(f"{result.args}\n{result.stdout[-3000:]}\n{result.stderr[-2000:]}")
    return result.stdout
