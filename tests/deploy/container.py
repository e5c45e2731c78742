"""A service of docker-compose.yml as Docker would start it, without Docker: in a mount namespace of its own."""

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.deploy import read_only
from tests.deploy.compose import ROOT, check_of, command_of, our_services
from tests.processes import Process

PYTHON = f"{read_only.PLACE}/venv/bin/{Path(sys.executable).name}"
# As `cap_drop: [ALL]` and `no-new-privileges` do; whose account it is does not matter for a read-only file system.
WITHOUT_RIGHTS = ("setpriv", "--no-new-privs", "--inh-caps=-all", "--bounding-set=-all")


def environment_of(name: str, dotenv: Mapping[str, str]) -> dict[str, str]:
    """What the container's program is told: by the image, by `.env` and, last, by the service."""
    service = our_services()[name]["environment"]
    told = {variable: dotenv.get(variable) if value is None else value for variable, value in service.items()}
    whole = {variable: interpolated(str(value), dotenv) for variable, value in told.items() if value is not None}
    # Nothing may be made in /etc of this machine, and its ports are shared.
    here = {"CONTACTS_FILE": f"{read_only.PLACE}/app/config/contacts.toml"}
    here |= {variable: dotenv[variable] for variable in whole if variable.endswith("_PORT") and variable in dotenv}
    return {**of_image(), **dotenv, **whole, **here}


def interpolated(value: str, dotenv: Mapping[str, str]) -> str:
    """`${NAME:-default}` and `${NAME:?error}` as Compose reads them."""
    return re.sub(r"\$\{(\w+):[-?]([^}]*)\}", lambda found: dotenv.get(found[1]) or found[2], value)


def of_image() -> dict[str, str]:
    """The image's own variables."""
    [line] = re.findall(r"^ENV (.*PYTHONPATH.*)$", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
    variables = dict(word.split("=", 1) for word in line.split())
    del variables["PATH"]
    app = f"{read_only.PLACE}/app"
    return {"PATH": "/usr/bin:/bin", "HOME": app} | {
        name: value.replace("/app", app) for name, value in variables.items()
    }


class Container(Process):
    """`app` is what the image holds, `secrets` the folder with a file for each."""

    def __init__(self, name: str, app: Path, secrets: Path, dotenv: Mapping[str, str], log: Path) -> None:
        self.name = name
        binds = {"app": str(app), "secrets": str(secrets), "venv": sys.prefix}
        self.plan = json.dumps({"binds": binds, "tmpfs": our_services()[name]["tmpfs"]})
        super().__init__(["-m", *command_of(name)], environment_of(name, dotenv), log)

    def launch(self) -> "subprocess.Popen[bytes]":
        inside = [*WITHOUT_RIGHTS, PYTHON, *self.arguments]
        with self.log.open("ab") as output:
            return subprocess.Popen(
                ["unshare", "--mount", sys.executable, str(read_only.__file__), self.plan, *inside],
                env=self.environment,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def run(self, *command: str) -> "subprocess.CompletedProcess[str]":
        """A command beside the program, as `docker exec` would."""
        there = ["nsenter", f"--mount=/proc/{self.pid}/ns/mnt", "env", f"--chdir={read_only.PLACE}/app"]
        return subprocess.run(
            [*there, *WITHOUT_RIGHTS, *command],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )

    @property
    def has_ended(self) -> bool:
        return self.popen.poll() is not None

    def is_healthy(self) -> bool:
        """By its own health check."""
        return self.run(*check_of(self.name)).returncode == 0
