"""Makes `.venv` with what is asked for (demo, test or all), once for each change of that; `remove` takes it away.

Runs on the Python that `make` found, before anything is installed: the standard library only.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections import deque
from importlib.util import find_spec
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
VENV, VAR = CHECKOUT / ".venv", CHECKOUT / "var"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "ready"
NEEDS = ("pyproject.toml", "constraints.txt", "client/pyproject.toml")
# What demo and up need, what `make test` needs besides, and everything; who has a later one has those before it.
EXTRAS = {
    "demo": "embedded,listen",
    "test": "embedded,listen,oidc,bench,dev",
    "all": "embedded,listen,oidc,bench,dev,long",
}
# Older ones, which Python 3.11 and 3.12 bring, look at every release of every package for half a minute.
PIP = "pip>=25"
PLACE = VENV / "place"
CACHES = (".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis", "client/build")
# The same place and rule as for var: worker/embedded/paths.py.
OUTSIDE = Path("/var/lib/escalation-worker")


def main() -> None:
    check_version()
    [asked] = sys.argv[1:]
    if asked == "remove":
        remove()
    else:
        enough = list(EXTRAS.values())[list(EXTRAS).index(asked) :]
        ready = STAMP.read_text() if PYTHON.exists() and STAMP.exists() else ""
        if ready not in map(wanted, enough) or not made_here():
            make(EXTRAS[asked])


def check_version() -> None:
    if not (3, 11) <= sys.version_info < (3, 15):
        sys.exit(f"Python 3.11 to 3.14 is needed, {sys.executable} is {sys.version.split()[0]}: make PYTHON=python3.13")


def wanted(extras: str) -> str:
    """Changes whenever the environment has to be made again."""
    parts = [extras, sys.version, str(CHECKOUT), *((CHECKOUT / name).read_text() for name in NEEDS)]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def made_here() -> bool:
    """The programs of an environment begin with its place: in a moved or copied checkout they lead to the old one."""
    return PLACE.exists() and PLACE.read_text() == str(VENV)


def make(extras: str) -> None:
    if VENV.is_symlink() and not made_here():
        VENV.unlink()  # Another checkout's, which keeps it.
    place()
    STAMP.unlink(missing_ok=True)
    if not made_by_this_python() or not made_here():
        create()
    install(extras)
    PLACE.write_text(str(VENV))
    STAMP.write_text(wanted(extras))


def made_by_this_python() -> bool:
    if not PYTHON.exists():
        return False
    version = subprocess.run([PYTHON, "-c", "import sys; print(sys.version)"], capture_output=True, text=True)
    return version.stdout.strip() == sys.version.strip()


def place() -> None:
    """As root, keep the environment where PostgreSQL's own user can reach it, whatever the modes of the checkout."""
    if os.geteuid() != 0 or VENV.exists() or open_to_others(CHECKOUT):
        return
    OUTSIDE.mkdir(mode=0o711, exist_ok=True)
    if OUTSIDE.is_symlink() or OUTSIDE.stat().st_uid != 0:
        sys.exit(f"{OUTSIDE} is not root's: remove it")
    target = OUTSIDE / hashlib.sha256(os.fsencode(VENV)).hexdigest()[:12]
    target.mkdir(mode=0o755, exist_ok=True)
    VENV.unlink(missing_ok=True)
    VENV.symlink_to(target)


def open_to_others(folder: Path) -> bool:
    return all(parent.stat().st_mode & 0o001 for parent in (folder, *folder.parents))


def create() -> None:
    print(f"Making .venv with {sys.executable}", flush=True)
    uv, virtualenv = shutil.which("uv"), shutil.which("virtualenv")
    target = str(VENV.resolve())
    if find_spec("ensurepip"):
        run(sys.executable, "-m", "venv", "--clear", target)
    elif uv:
        run(uv, "venv", "--quiet", "--clear", "--python", sys.executable, target)
    elif virtualenv:
        run(virtualenv, "--quiet", "--clear", "--python", sys.executable, target)
    else:
        package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
        sys.exit(f"{sys.executable} cannot make environments (no ensurepip): apt-get install {package}, or install uv")


def install(extras: str) -> None:
    """Install with pip, or with uv where that made the environment without pip; say what is being fetched.

    Modules are compiled afterwards on all cores: pip compiles them one after the other.
    """
    what = ("-c", "constraints.txt", "-e", f".[{extras}]")
    has_pip = subprocess.run([PYTHON, "-c", "import pip"], capture_output=True).returncode == 0
    uv = shutil.which("uv")
    if not has_pip and not uv:
        sys.exit(f"{VENV} has no pip: make clean, then again")
    print("Installing packages; the first time takes about a minute", flush=True)
    pip = [str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--no-compile"]
    command = [*pip, *what] if has_pip else [str(uv), "pip", "install", "--python", str(PYTHON), *what]
    if has_pip:
        run(*pip, "--quiet", "-c", "constraints.txt", PIP)
    show_progress(command)
    # What is no Python for this version cannot be compiled, nor is it imported: pip does not mind either.
    # The libraries' own tests, a quarter of all, nobody imports, and what is named here hardly anybody.
    left_out = "site-packages/(fontTools|joblib|mypy|pip|scipy|setuptools|sklearn)/|site-packages/.*/tests?/"
    compiling = (PYTHON, "-m", "compileall", "-qq", "-j", "0", "-x", left_out)
    subprocess.run([*compiling, *VENV.glob("lib/python*/site-packages"), *ours()])


def ours() -> list[Path]:
    """What programs and tests, begun side by side, would else compile each for itself."""
    return [folder for folder in CHECKOUT.glob("[a-z]*/") if folder != VAR]


def show_progress(command: list[str]) -> None:
    last: deque[str] = deque(maxlen=20)
    with subprocess.Popen(
        command, cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        for line in process.stdout or ():
            last.append(line)
            if line.startswith(("Collecting ", "Installing collected", " + ", "Resolved ", "Prepared ")):
                print(f"  {line.strip()[:100]}", flush=True)
    if process.returncode:
        sys.exit(f"{''.join(last)}Installing failed; the command was: {' '.join(command)}")


def run(*command: str) -> None:
    if subprocess.run(command, cwd=CHECKOUT).returncode:
        sys.exit(f"failed: {' '.join(command)}")


def remove() -> None:
    if stack_is_running():
        sys.exit(f"A stack is running with its data in {VAR}: stop it first")
    for folder in (VENV, VAR):
        shutil.rmtree(folder.resolve(), ignore_errors=True)
        if folder.is_symlink():
            folder.unlink()
    for cache in (*CACHES, *(str(path) for path in CHECKOUT.rglob("__pycache__"))):
        shutil.rmtree(CHECKOUT / cache, ignore_errors=True)


def stack_is_running() -> bool:
    lock = VAR / "stack.lock"
    if not lock.exists():
        return False
    with lock.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


if __name__ == "__main__":
    main()
