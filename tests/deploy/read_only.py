"""Starts a program on the file system of a container: read-only but for the folders that it is given in memory.

It has to be started in a mount namespace of its own, since it mounts (tests/deploy/container.py). What the container
would have at its root lies below /run, so that nothing is made on the disk of the machine.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

PLACE = Path("/run")
# Docker leaves these writable, or writable in parts.
LEFT = ("/proc", "/sys", "/dev")


def main(plan: str, *program: str) -> None:
    """The plan is JSON: `binds`, folders by their name below /run, and `tmpfs`, what may be written."""
    wanted = json.loads(plan)
    mount("--types", "tmpfs", "tmpfs", str(PLACE))
    for name, source in wanted["binds"].items():
        (PLACE / name).mkdir()
        mount("--bind", source, str(PLACE / name))
    for path in wanted["tmpfs"]:
        mount("--types", "tmpfs", "tmpfs", path)
    for path in mounted():
        if path not in wanted["tmpfs"]:
            mount("--options", "remount,bind,ro", path)
    os.chdir(PLACE / "app")
    os.execvp(program[0], program)


def mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True)


def mounted() -> Iterator[str]:
    """Where something is mounted, unless another mount hides it or Docker would leave it."""
    for line in Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines():
        # Spaces are written in octal (proc_pid_mounts(5), fstab(5)).
        path = line.split()[1].encode().decode("unicode_escape")
        if os.path.ismount(path) and not any(Path(path).is_relative_to(left) for left in LEFT):
            yield path


if __name__ == "__main__":
    main(*sys.argv[1:])
