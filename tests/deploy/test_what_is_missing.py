"""A service of docker-compose.yml that lacks its database and Redis ends and says in words what to set."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from config.settings import Settings
from tests.deploy.compose import ROOT, command_of

pytestmark = pytest.mark.long


# One for each program that they are started by: python -m worker, and Celery's own for workers, beat and Flower.
@pytest.mark.parametrize("name", ["migrate", "worker", "beat", "flower"])
def test_a_service_without_its_servers_names_both_ways_to_give_them(name: str, tmp_path: Path) -> None:
    empty = tmp_path / "redis_url"
    empty.touch()
    ours = {setting.upper() for setting in Settings.model_fields}
    inherited = {variable: value for variable, value in os.environ.items() if variable not in ours}
    result = subprocess.run(
        [sys.executable, "-m", *command_of(name)],
        cwd=ROOT,
        env={**inherited, "PYTHONPATH": str(ROOT), "DATABASE_URL": "", "REDIS_URL_FILE": str(empty)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode in {1, 2}
    assert "DATABASE_URL: is missing; set it, or DATABASE_URL_FILE to a file that holds it" in result.stderr
    assert f"REDIS_URL: is missing, and {empty}, which REDIS_URL_FILE names, is empty" in result.stderr
    assert "Traceback" not in result.stderr
