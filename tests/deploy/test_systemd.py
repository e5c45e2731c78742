"""The units for people without Docker run what docker-compose.yml runs, and systemd takes them."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.deploy.compose import ROOT, our_services

UNITS = ROOT / "observe" / "systemd"
LASTING = {name: one for name, one in our_services().items() if name != "migrate"}


def unit(name: str) -> str:
    return (UNITS / f"escalation-{name}.service").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", LASTING)
def test_a_unit_runs_what_the_container_runs(name: str) -> None:
    # In a unit a percent sign is written twice.
    started = re.search(r"^ExecStart=\S+ -m (.+)$", unit(name), re.MULTILINE)
    assert started
    assert started[1].replace("%%", "%").split() == LASTING[name]["command"]


def test_there_is_a_unit_for_each_service_and_no_other() -> None:
    assert {path.stem.removeprefix("escalation-") for path in UNITS.glob("*.service")} == set(LASTING)


def test_the_page_on_installing_makes_the_user_of_the_units() -> None:
    page = (ROOT / "docs" / "install.md").read_text(encoding="utf-8")
    made = re.findall(r"^ {4}sudo useradd .* (\S+)$", page, re.MULTILINE)
    assert {user for name in LASTING for user in re.findall(r"^User=(\S+)$", unit(name), re.MULTILINE)} == set(made)


@pytest.mark.parametrize("name", LASTING)
def test_a_unit_waits_as_long_as_the_container_for_the_end(name: str) -> None:
    seconds = int(LASTING[name].get("stop_grace_period", "10s").removesuffix("s"))
    assert f"TimeoutStopSec={seconds}\n" in unit(name)


@pytest.mark.parametrize("name", LASTING)
def test_systemd_ends_a_program_that_says_nothing_any_more(name: str) -> None:
    assert "Type=notify\n" in unit(name)
    assert "WatchdogSec=60\n" in unit(name)


@pytest.mark.debian
@pytest.mark.parametrize("name", LASTING)
def test_a_unit_exposes_little(name: str) -> None:
    path = str(UNITS / f"escalation-{name}.service")
    command = ["systemd-analyze", "security", "--offline=yes", "--threshold=30", path]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    # Exit code 1 above the threshold, in tenths (systemd-analyze(1)).
    assert result.returncode == 0, result.stdout


@pytest.mark.debian
@pytest.mark.parametrize("name", LASTING)
def test_systemd_takes_the_unit(name: str, tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    assert analyze, "apt-get install systemd"
    # The program lies elsewhere on the machine of a test.
    there = tmp_path / f"escalation-{name}.service"
    python = shutil.which("python3")
    there.write_text(re.sub(r"^(ExecStart=)\S+", rf"\g<1>{python}", unit(name), flags=re.MULTILINE), encoding="utf-8")
    result = subprocess.run([analyze, "verify", "--man=no", str(there)], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert f"escalation-{name}" not in result.stderr
