"""The whole docker-compose.yml under a real engine, installed by the commands of docs/install.md."""

import json
import re
import subprocess
import time
from pathlib import Path
from typing import Any

from tests.deploy.image.engine import Engine

PROFILES = ("--profile", "standalone", "--profile", "dev", "--profile", "desk")
OURS = ("worker", "mailer", "listener", "beat", "flower", "desk", "exporter")
SERVERS = ("escalation-postgres", "escalation-redis", "escalation-mailcatcher")
SECONDS = 240.0
DOTENV = """\
SUPPORT_EMAIL=support@house.test
FLOWER_USER=oncall
SMTP_SERVER=escalation-mailcatcher
SMTP_PORT=1025
SMTP_USE_TLS=false
FROM_EMAIL=escalation@house.test
CONTACTS=./contacts.toml
PUBLIC_URL=http://127.0.0.1:8090
"""
PUBLISH = (Path(__file__).parent / "publish.py").read_text(encoding="utf-8")


class Stack:
    """Compose in a checkout of its own."""

    def __init__(self, engine: Engine, checkout: Path) -> None:
        self.engine, self.checkout = engine, checkout

    def install(self) -> None:
        """As an engineer does who follows the page: settings, people, and the files of the secrets."""
        (self.checkout / ".env").write_text(DOTENV, encoding="utf-8")
        people = (self.checkout / "config" / "contacts.toml").read_text(encoding="utf-8")
        for example, real in {"@example.com": "@house.test", "+44 20 7946 0": "+44 20 1111 0"}.items():
            people = people.replace(example, real)
        (self.checkout / "contacts.toml").write_text(people, encoding="utf-8")
        page = (self.checkout / "docs" / "install.md").read_text(encoding="utf-8")
        lines = re.findall(r"^ {4}((?:mkdir|touch|openssl|printf|chown|chmod|sudo ch\w+) .+)$", page, re.MULTILINE)
        script = "\n".join(lines).replace("sudo ", "")
        subprocess.run(["sh", "-ec", script], cwd=self.checkout, check=True, capture_output=True)
        self.engine.inside("docker", "network", "create", "abparts_default")

    def compose(self, *arguments: str, text: str = "") -> str:
        return self.engine.docker("compose", *PROFILES, *arguments, cwd=self.checkout, text=text)

    def up(self) -> None:
        """The database first, then all others until each is healthy."""
        self.compose("run", "--rm", "migrate")
        self.compose("up", "--detach", "--no-build", "--wait", "--wait-timeout", "180")

    def python(self, service: str, program: str) -> str:
        """Run a program in a service's container."""
        return self.compose("exec", "-T", service, "python", "-", text=program)

    def publish(self, service: str = "exporter") -> float:
        """One event; the seconds until a mail server has accepted the mail of its ticket."""
        return float(self.python(service, PUBLISH).split()[-1])

    def inspect(self, service: str) -> dict[str, Any]:
        """What Docker knows of the container."""
        described: list[dict[str, Any]] = json.loads(self.engine.docker("inspect", f"escalation-worker-{service}-1"))
        return described[0]

    def restarts(self, service: str) -> int:
        return int(self.inspect(service)["RestartCount"])

    def is_healthy(self, service: str) -> bool:
        state = self.inspect(service)["State"]
        return bool(state["Running"] and state["Health"]["Status"] == "healthy")

    def health(self, service: str) -> str:
        """What its last health check said."""
        log = self.inspect(service)["State"]["Health"]["Log"]
        return str(log[-1]["Output"]) if log else ""

    def processes(self, service: str) -> dict[int, str]:
        """Its processes by their number, as the engine sees them, the eldest first."""
        lines = self.engine.docker("top", f"escalation-worker-{service}-1", "-eo", "pid,args").splitlines()[1:]
        return {int(pid): command for pid, command in (line.split(maxsplit=1) for line in lines)}

    def program(self, service: str) -> int:
        """The program itself: neither the init process nor a child of the program."""
        processes = self.processes(service).items()
        return next(pid for pid, command in processes if "python" in command.split()[0])

    def children(self, service: str) -> list[int]:
        """The program's own children."""
        program = self.program(service)
        processes = self.processes(service).items()
        return [pid for pid, command in processes if "python" in command.split()[0] and pid != program]

    def signal(self, name: str, pid: int) -> None:
        assert self.engine.inside("kill", f"-{name}", str(pid)).returncode == 0

    def wait(self, condition: Any, what: str, seconds: float = SECONDS) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"waited {seconds:.0f} s in vain for: {what}"
            time.sleep(1)

    def pass_time(self, seconds: float) -> None:
        time.sleep(seconds)

    def cpu_seconds(self, service: str) -> float:
        """What the container has used, its health checks included (Docker Engine API, "Get container stats")."""
        url = f"http://localhost/containers/{self.inspect(service)['Id']}/stats?stream=false&one-shot=true"
        answer = self.engine.inside("curl", "-s", "--unix-socket", "/var/run/docker.sock", url)
        return int(json.loads(answer.stdout)["cpu_stats"]["cpu_usage"]["total_usage"]) / 1e9

    def log_bytes(self, service: str) -> int:
        path = Path(self.inspect(service)["LogPath"])
        return (self.engine.folder / "engine" / "data" / path.relative_to("/var/lib/docker")).stat().st_size
