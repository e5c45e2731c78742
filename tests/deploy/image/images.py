"""The images of a test: ours from the Dockerfile, the others as stand-ins of the same names (standins/)."""

import re
import shutil
import subprocess
from pathlib import Path

from tests.deploy.compose import ROOT, services
from tests.deploy.image.engine import HERE, Engine

STANDINS = HERE / "standins"
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
OURS = "escalation-worker:latest"
COMMIT = "0123456789abcdef"


def python_tag() -> str:
    """The base that the Dockerfile asks for."""
    found = re.search(r"^ARG PYTHON=(\S+)$", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
    assert found
    return found[1]


def standins() -> dict[str, str]:
    """The name of each image that has a stand-in, with its file; mailpit is built on python."""
    servers = {name: str(one["image"]) for name, one in services().items()}
    return {
        f"python:{python_tag()}": "python",
        servers["escalation-postgres"]: "postgres",
        servers["escalation-redis"]: "redis",
        servers["escalation-mailcatcher"]: "mailpit",
        servers["escalation-prometheus"]: "prometheus",
    }


def build_standins(engine: Engine) -> None:
    context = engine.folder / "standins"
    shutil.rmtree(context, ignore_errors=True)
    shutil.copytree(STANDINS, context)
    # For pip behind a proxy with a certificate authority of its own.
    shutil.copy(CERTIFICATES, context / "certificates.crt")
    (context / "pip.conf").write_text("[global]\ncert = /etc/ssl/certs/ca-certificates.crt\n", encoding="utf-8")
    if not engine.docker("image", "ls", "--quiet", "debian-standin"):
        engine.docker("import", str(engine.folder / "debian.tar"), "debian-standin")
    for tag, name in standins().items():
        arguments = ["--build-arg", f"PYTHON={python_tag()}"] if name == "mailpit" else []
        file = str(context / f"{name}.Dockerfile")
        engine.docker("build", "--network", "host", "--tag", tag, "--file", file, *arguments, str(context))


def copy_of_checkout(engine: Engine) -> Path:
    """What git knows or would add, where the engine sees it."""
    folder = engine.folder / "checkout"
    shutil.rmtree(folder, ignore_errors=True)
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


def build_ours(engine: Engine, checkout: Path) -> None:
    """By the very command of the documentation, but with this machine's network for pip."""
    arguments = ("--build-arg", f"COMMIT={COMMIT}", "--build-arg", "VERSION=1.2.3")
    engine.docker("build", "--network", "host", "--progress", "plain", "--tag", OURS, *arguments, ".", cwd=checkout)
