"""What the image's first layer installs is enough for every program, in a clean environment without our tools."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.deploy.compose import ROOT
from tests.deploy.test_compose import EVERY_COMMAND, copy_of_image


@pytest.mark.debian
def test_a_clean_environment_runs_every_command(tmp_path: Path) -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert re.search(
        r"pip install --no-compile --constraint constraints.txt --requirement requirements.txt", dockerfile
    )
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("\n".join(project["dependencies"]), encoding="utf-8")
    python = tmp_path / "venv" / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "venv")], check=True)
    constraints = str(ROOT / "constraints.txt")
    subprocess.run(
        [str(python), "-m", "pip", "install", "-q", "--constraint", constraints, "--requirement", str(requirements)],
        check=True,
    )
    folder, environment = copy_of_image(tmp_path / "app")
    for arguments in (["-c", EVERY_COMMAND], ["-m", "worker", "--help"], ["-m", "celery", "-A", "worker", "report"]):
        result = subprocess.run(
            [str(python), *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        assert result.returncode == 0, result.stderr
