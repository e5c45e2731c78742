"""Who asks for help is asked which version it is."""

import tomllib

from typer.testing import CliRunner

from tests.processes import ROOT
from worker import __version__
from worker.commands import cli


def test_the_version_is_told_and_is_the_project_s() -> None:
    result = CliRunner().invoke(cli, ["--version"])
    assert (result.exit_code, result.stdout) == (0, f"escalation worker {__version__}\n")
    assert tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"] == __version__
