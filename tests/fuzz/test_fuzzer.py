"""The coverage-guided fuzzer finds nothing in the time that it has."""

import platform
import re
import subprocess
import sys

import pytest

from tests.processes import ROOT

# As in pyproject.toml: where it should be there and is not, that is a failure and no reason to skip.
SUPPORTED = sys.platform == "linux" and platform.machine() == "x86_64" and sys.version_info < (3, 14)
pytestmark = [
    pytest.mark.fuzz,
    pytest.mark.skipif(not SUPPORTED, reason="atheris has wheels for Linux on x86-64 up to Python 3.13"),
]

SECONDS = 20
FEWEST = 200
TRIED = re.compile(r"number_of_executed_units: (\d+)")
REACHED = re.compile(r"new_units_added:\s+(\d+)")


@pytest.mark.parametrize("kind", ["events", "detection", "replies", "contacts", "policy"])
def test_no_input_breaks_a_promise(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    command = [sys.executable, "-m", "tests.fuzz.fuzzer", kind, "--seconds", str(SECONDS)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, errors="replace", timeout=10 * SECONDS)
    assert done.returncode == 0, done.stderr[-6_000:] + done.stdout[-2_000:]
    tried, reached = (int(found[1]) for found in (TRIED.search(done.stderr), REACHED.search(done.stderr)) if found)
    assert tried >= FEWEST
    with capsys.disabled():
        print(f"\nfuzzer: kind={kind} seconds={SECONDS} tried={tried} led_to_new_lines={reached} failed=0")
