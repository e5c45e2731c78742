"""Tests that need programs of Debian packages: installed as root, and listed at the end where they are missing.

`@pytest.mark.debian("promtool")` names the programs of a test; `python -m tests.debian` installs what is missing.
A test that names `root` starts a server that root alone may start.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PACKAGES = {
    "cc": "build-essential",
    "chromium": "chromium",
    "chromedriver": "chromium-driver",
    "debootstrap": "debootstrap",
    "make": "make",
    "noto-fonts": "fonts-noto-core",
    "pgbouncer": "pgbouncer",
    "postfix": "postfix",
    "postgresql": "postgresql",
    "promtool": "prometheus",
    "redis-cli": "redis-tools",
    "sasl-plain": "libsasl2-modules",
    "saslpasswd2": "sasl2-bin",
    "systemd-analyze": "systemd",
}
SERVERS = {
    "pgbouncer": "pgbouncer.service",
    "postfix": "postfix.service",
    "postgresql": "postgresql.service",
    "promtool": "prometheus.service",
    "saslpasswd2": "saslauthd.service",
}
# What is no program on the PATH: a file of the package.
FILES = {
    "noto-fonts": (Path("/usr/share/fonts/truetype/noto"), "NotoSans-*"),
    "postgresql": (Path("/usr/lib/postgresql"), "*/bin/postgres"),
    "sasl-plain": (Path("/usr/lib"), "*/sasl2/libplain.so*"),
}
ROOT = "root"
# What an account or the container around it may forbid (unshare(1), mount(8)).
MOUNTING = "mount-namespaces"  # named together with root
# Debian asks this program whether a package may start its servers (invoke-rc.d(8)); 101 forbids it.
POLICY = Path("/usr/sbin/policy-rc.d")
NOT_RUN = pytest.StashKey[dict[str, list[str]]]()


def is_there(program: str) -> bool:
    if program in FILES:
        folder, pattern = FILES[program]
        return any(folder.glob(pattern))
    return shutil.which(program, path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin") is not None


def missing() -> list[str]:
    """Programs that are not installed."""
    return [program for program in PACKAGES if not is_there(program)]


def install_command(programs: list[str]) -> list[str]:
    return ["apt-get", "install", "--yes", "--no-install-recommends", *(PACKAGES[program] for program in programs)]


def leave_out(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what cannot run here, and remember it."""
    lacking = set(missing())
    if os.geteuid() != 0:
        lacking.add(ROOT)
    elif any(MOUNTING in needs(item) for item in items) and not may_mount():
        lacking.add(MOUNTING)
    not_run = config.stash.setdefault(NOT_RUN, {})
    kept = []
    for item in items:
        lacks = needs(item) & lacking
        for program in lacks:
            not_run.setdefault(program, []).append(item.nodeid)
        if not lacks:
            kept.append(item)
    items[:] = kept


def may_mount() -> bool:
    """Whether a mount namespace of its own is allowed here; nothing is mounted for others."""
    command = ["unshare", "--mount", "mount", "--types", "tmpfs", "tmpfs", "/run"]
    return bool(shutil.which("unshare")) and subprocess.run(command, capture_output=True, check=False).returncode == 0


def needs(item: pytest.Item) -> set[str]:
    """The programs of a test; a mark without programs needs all."""
    marks = list(item.iter_markers("debian"))
    return {program for mark in marks for program in mark.args or PACKAGES}


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if not_run := wanted_but_not_run(config):
        terminalreporter.section("not run, since programs are missing", red=True)
        for program, tests in not_run.items():
            terminalreporter.line(f"{program}: {len(tests)} tests")
        if programs := [program for program in not_run if program in PACKAGES]:
            terminalreporter.line(f"install them: {' '.join(install_command(programs))}")
        if ROOT in not_run:
            terminalreporter.line("run them as root: sudo make test-all")
        if MOUNTING in not_run:
            terminalreporter.line("run them where mount namespaces are allowed: a container needs --cap-add SYS_ADMIN")


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Where CI is set nothing may be left out; elsewhere it is enough that it was said."""
    if wanted_but_not_run(session.config):
        if os.environ.get("CI"):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        elif exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED:
            session.exitstatus = pytest.ExitCode.OK


def wanted_but_not_run(config: pytest.Config) -> dict[str, list[str]]:
    """What was left out although it was asked for: a run without `-m debian` or more does not ask."""
    asked = config.option.markexpr.startswith(("debian", "image"))
    return config.stash.get(NOT_RUN, {}) if asked else {}


def install() -> int:
    """Install what is missing as root; elsewhere say what to do."""
    programs = missing()
    if not programs:
        return 0
    command = install_command(programs)
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        print(f"Missing: {', '.join(programs)}. As root: {' '.join(command)}", file=sys.stderr)
        return 0
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with servers_stay_off():
        subprocess.run(["apt-get", "update", "--quiet"], env=environment, check=True)
        code = subprocess.run(command, env=environment, check=False).returncode
    keep_off_after_boot(programs)
    return code


def keep_off_after_boot(programs: list[str]) -> None:
    units = [SERVERS[program] for program in programs if program in SERVERS]
    if units and shutil.which("systemctl"):
        subprocess.run(["systemctl", "disable", "--quiet", *units], check=True)


@contextmanager
def servers_stay_off() -> Iterator[None]:
    """Packages with servers (postfix, prometheus) are installed for their programs only."""
    ours = not POLICY.exists()
    if ours:
        POLICY.write_text("#!/bin/sh\nexit 101\n")
        POLICY.chmod(0o755)
    try:
        yield
    finally:
        if ours:
            POLICY.unlink()


if __name__ == "__main__":
    sys.exit(install())
