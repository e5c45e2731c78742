"""Every command of ours that the pages for operators name is run, in the order of the page."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from redis import Redis
from sqlalchemy import Connection, text

from escalation_client.events import encode
from services.stream import EVENTS
from tests.events import message
from tests.processes import ROOT, Processes, wait_for

PAGES = ("install.md", "operate.md", "security.md")
ALL_PAGES = (*PAGES, "flower.md", "bad-input.md")
INDENTED = re.compile(r"^ {4}python -m (worker .+)$", re.MULTILINE)
LINK = re.compile(r"(?:\]\(|src=\")(?!https?:)([^)#:\"]+)")
# Those need a service that is not started here; tests/deploy runs them beside it.
ELSEWHERE = "worker health "
ACCEPTED = "SELECT count(*) FROM escalation.mail_recipients WHERE state = 'accepted'"


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def commands(name: str) -> list[str]:
    found = [line.partition("  #")[0].strip() for line in INDENTED.findall(page(name))]
    return [command for command in found if not command.startswith(ELSEWHERE)]


def run(command: str, environment: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", *shlex.split(command)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def running(family: Processes, redis: Redis, connection: Connection) -> Processes:
    """Worker and beat at work, one ticket, and the roles that the pages name."""
    family.worker()
    family.beat()
    redis.xadd(EVENTS, {"event": encode(message("s1", "get me a human"))})
    wait_for(
        lambda: connection.execute(
            text("SELECT count(*) FROM escalation.mail_recipients WHERE state = 'accepted'")
        ).scalar(),
        "the mail",
    )
    for role in ("escalation_worker", "escalation_owner"):
        connection.execute(text(f"DROP ROLE IF EXISTS {role}"))
        connection.execute(text(f"CREATE ROLE {role}"))
    wait_for(lambda: run("worker doctor", family.environment).returncode == 0, "a clean bill of health")
    return family


@pytest.mark.parametrize("name", PAGES)
def test_each_command_of_a_page_works(name: str, running: Processes) -> None:
    assert commands(name)
    for command in commands(name):
        result = run(command, running.environment)
        assert result.returncode == 0, f"{command}\n{result.stdout}\n{result.stderr}"


@pytest.mark.parametrize("name", ALL_PAGES)
def test_each_command_that_is_named_in_a_sentence_exists(name: str) -> None:
    for command in sorted(set(re.findall(r"`python -m (worker [a-z -]+?)(?: [A-Z-].*)?`", page(name)))):
        words = [word for word in command.split() if not word.startswith("-")]
        result = run(f"{' '.join(words)} --help", {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)})
        assert result.returncode == 0, f"{command}\n{result.stderr}"


@pytest.mark.parametrize("name", ALL_PAGES)
def test_each_setting_that_is_named_exists(name: str) -> None:
    known = set(re.findall(r"^(?:# )?([A-Z_]+)=", (ROOT / ".env.example").read_text(encoding="utf-8"), re.MULTILINE))
    compose = set(re.findall(r"\$\{([A-Z_]+)", (ROOT / "docker-compose.yml").read_text(encoding="utf-8")))
    named = set(re.findall(r"`([A-Z]+_[A-Z_]+[A-Z])(?:=[^`]*)?`", page(name)))
    assert {one for one in named if one not in known | compose and one.removesuffix("_FILE") not in known} == set()


@pytest.mark.parametrize("name", ALL_PAGES)
def test_each_link_leads_to_a_page(name: str) -> None:
    assert [link for link in LINK.findall(page(name)) if not (Path(ROOT) / "docs" / link).exists()] == []
