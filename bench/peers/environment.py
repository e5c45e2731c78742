"""The peers' environment: made when it is first needed, and anew when the pinned versions change."""

import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

CHECKOUT = Path(__file__).parent.parent.parent
PINNED = Path(__file__).with_name("requirements.txt")
FOLDER = CHECKOUT / "var" / "bench" / "peers"


def peers_python() -> Path:
    """The interpreter that has the peers installed."""
    python, installed = FOLDER / "bin" / "python", FOLDER / "installed.txt"
    if not installed.exists() or installed.read_text(encoding="utf-8") != PINNED.read_text(encoding="utf-8"):
        make(python)
        shutil.copy(PINNED, installed)
    return python


def make(python: Path) -> None:
    print(f"Installing the peers into {FOLDER.relative_to(CHECKOUT)}; only the first time", file=sys.stderr, flush=True)
    shutil.rmtree(FOLDER, ignore_errors=True)
    uv = shutil.which("uv")
    if find_spec("ensurepip"):
        run(sys.executable, "-m", "venv", str(FOLDER))
        run(str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", str(PINNED))
    elif uv:
        run(uv, "venv", "--quiet", "--python", sys.executable, str(FOLDER))
        run(uv, "pip", "install", "--quiet", "--python", str(python), "-r", str(PINNED))
    else:
        sys.exit(f"the peers need an environment and {sys.executable} can make none: install its venv package, or uv")


def run(*command: str) -> None:
    if subprocess.run(command, cwd=CHECKOUT, check=False).returncode:
        sys.exit(f"failed: {' '.join(command)}")
