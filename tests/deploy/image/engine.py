"""A real Docker engine for tests, on a machine that has none: Debian's, in namespaces of its own (engine.sh)."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).parent
RELEASE = "trixie"
PACKAGES = (
    "docker.io", "docker-cli", "docker-compose", "docker-buildx", "tini", "iptables", "iproute2", "ca-certificates",
    "procps", "curl", "python3-minimal", "libpython3-stdlib",
)  # fmt: skip
# So that no package starts its servers (invoke-rc.d(8)).
FORBID_SERVERS = "#!/bin/sh\nexit 101\n"
LONGEST_SECONDS = 900


def cache_folder() -> Path:
    """About 3 GB, kept from one run to the next: the engine, stand-ins and layers of earlier builds."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "escalation-worker" / "image-test"


class EngineFailed(Exception):
    """A command of the engine, or one that makes it, failed; with its last words."""


class Engine:
    """The engine, whose data lie in `folder`; what happens is written to `log` there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = folder / "root"
        self.log = folder / "log"
        self.environment = {**os.environ, "ENGINE_ROOT": str(self.root), "ENGINE_WORK": str(folder)}
        folder.mkdir(parents=True, exist_ok=True)
        self.log.unlink(missing_ok=True)

    def install(self) -> None:
        """Debian and Docker, unless they are there from an earlier run."""
        if (self.root / "usr/sbin/dockerd").exists():
            return
        shutil.rmtree(self.root, ignore_errors=True)
        mirror = run("apt-get", "indextargets", "--format", "$(SITE)").stdout.split()[0]
        self.logged("debootstrap", "--variant=minbase", RELEASE, str(self.root), mirror)
        policy = self.root / "usr/sbin/policy-rc.d"
        policy.write_text(FORBID_SERVERS, encoding="utf-8")
        policy.chmod(0o755)
        # Before Docker is in it, this is also what the images are made from.
        without = [f"--exclude=./{name}/*" for name in ("proc", "sys", "dev")]
        self.logged("tar", "-C", str(self.root), *without, "-cf", str(self.folder / "debian.tar"), ".")
        install = ("apt-get", "install", "-y", "--no-install-recommends")
        self.logged("chroot", str(self.root), *install, *PACKAGES)

    @contextmanager
    def running(self, kind: str) -> Iterator[None]:
        """`build`: with this machine's network, for pip. `run`: with a network of its own."""
        self.stop()
        self.logged(str(HERE / "engine.sh"), "start", kind)
        # What a run that was stopped in the middle has left would start again.
        if left := self.docker("ps", "--all", "--quiet").split():
            self.docker("rm", "--force", *left)
        try:
            yield
        finally:
            self.stop()

    def stop(self) -> None:
        if (self.folder / "engine" / "pid").exists():
            self.logged(str(HERE / "engine.sh"), "stop")

    def inside(self, *command: str, cwd: Path | None = None, text: str = "") -> "subprocess.CompletedProcess[str]":
        """Run a command where the engine is; `text` is its standard input."""
        return subprocess.run(
            [str(HERE / "engine.sh"), "exec", *command],
            cwd=cwd or self.folder,
            env=self.environment,
            input=text,
            capture_output=True,
            text=True,
            check=False,
            timeout=LONGEST_SECONDS,
        )

    def docker(self, *arguments: str, cwd: Path | None = None, text: str = "") -> str:
        """What `docker …` prints.

        :raises EngineFailed: it failed
        """
        result = self.inside("docker", *arguments, cwd=cwd, text=text)
        with self.log.open("a", encoding="utf-8") as log:
            log.write(f"$ docker {' '.join(arguments)}\n{result.stdout}{result.stderr}")
        if result.returncode:
            raise EngineFailed(f"docker {' '.join(arguments)}: {(result.stdout + result.stderr)[-4000:]}")
        # A container's standard error is that of `docker logs`.
        return (result.stderr if arguments[0] == "logs" else result.stdout).strip()

    def logged(self, *command: str) -> None:
        environment = {**self.environment, "DEBIAN_FRONTEND": "noninteractive"}
        with self.log.open("ab") as log:
            result = subprocess.run(
                command, env=environment, stdout=log, stderr=log, check=False, timeout=LONGEST_SECONDS
            )
        if result.returncode:
            raise EngineFailed(f"{command[0]}: {self.log.read_text(encoding='utf-8', errors='replace')[-4000:]}")


def run(*command: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, capture_output=True, text=True, check=True)


if __name__ == "__main__":
    # `python -m tests.deploy.image.engine docker ps`, beside a run that was stopped in the middle.
    sys.exit(subprocess.call([str(HERE / "engine.sh"), "exec", *sys.argv[1:]], env=Engine(cache_folder()).environment))
