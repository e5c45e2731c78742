"""The doctor as the engineer on call starts it: a process that is given settings and says what is wrong."""

import json
import subprocess
from dataclasses import dataclass
from typing import Any

from tests.forks import run
from tests.processes import Processes
from worker.embedded import LocalMailServer


@dataclass(frozen=True, slots=True)
class Examination:
    """What the doctor said."""

    code: int
    findings: list[dict[str, str]]
    output: str

    def broken(self) -> dict[str, dict[str, str]]:
        """What is broken, the first of each part."""
        return {one["part"]: one for one in reversed(self.findings) if one["level"] == "broken"}

    def of(self, part: str, level: str) -> list[dict[str, str]]:
        return [one for one in self.findings if (one["part"], one["level"]) == (part, level)]


def whole_configuration(mail_server: LocalMailServer) -> dict[str, str]:
    """What lacks to a configuration that is whole and right."""
    return {
        "SMTP_SERVER": mail_server.host,
        "SMTP_PORT": str(mail_server.port),
        "SMTP_USERNAME": mail_server.username,
        "SMTP_PASSWORD": mail_server.password,
        "SMTP_USE_TLS": "true",
        "SMTP_CA_FILE": str(mail_server.ca_file),
        "FROM_EMAIL": "escalation@example.com",
        "FLOWER_USER": "oncall",
        "FLOWER_PASSWORD": "a-long-flower-password-19",
        "FLOWER_PORT": "1",
    }


class Doctor:
    """Examines with the family's environment, and whatever a test changes of it."""

    def __init__(self, family: Processes) -> None:
        self.family = family

    def run(self, *options: str, **changed: str) -> "subprocess.CompletedProcess[str]":
        return run(["worker", "doctor", *options], {**self.family.environment, **changed})

    def examine(self, **changed: str) -> Examination:
        result = self.run("--json", **changed)
        assert "Traceback" not in result.stderr, result.stderr
        findings: list[dict[str, Any]] = [json.loads(line) for line in result.stdout.splitlines()]
        return Examination(result.returncode, findings, result.stdout + result.stderr)
