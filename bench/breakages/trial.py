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
FAILED = re.compile(r"^FAILED (\S+?)::(\w+)", re.MULTILINE)
SECONDS = 600


class NoVerdict(Exception):
    """The tests neither passed nor failed: they could not be run at all."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A breakage and what found it; nothing is a defect of the tests."""

    breakage: Breakage
    found_by: tuple[str, ...]


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


def tried(breakage: Breakage) -> Trial:
    """Run the breakage's tests on a broken copy.

    :raises NoVerdict: with pytest's output
    """
    with broken(breakage) as tree:
        result = run(tree, "pytest", "-q", "-p", "no:cacheprovider", *breakage.tests)
    if result.returncode not in {0, 1}:
        raise NoVerdict(f"{breakage.name}\n{result.stdout[-3000:]}\n{result.stderr[-1000:]}")
    found = dict.fromkeys(f"{file}::{name}" for file, name in FAILED.findall(result.stdout))
    return Trial(breakage, tuple(found))
