"""Every command of ours that a page names is run, in the order of the page, beside a whole installation."""

import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest
from redis import Redis
from sqlalchemy import Connection, text
from typer.testing import CliRunner

from escalation_client.events import encode
from services.events.stream import EVENTS
from tests.events import message
from tests.processes import ROOT, Processes, wait_for
from worker.commands import cli

README = "../README.md"
PAGES = (
    *("install.md", "monday.md", "database.md", "mails.md", "detection.md", "tickets.md", "operate.md", "security.md"),
    *("bad-input.md", README),
)
ALL_PAGES = (README, *sorted(path.name for path in (ROOT / "docs").glob("*.md")))
COMMAND = re.compile(r"^ *python -m (worker .+)$", re.MULTILINE)
# What a developer types: in the environment that make has made, or to make.
DEVELOPER = re.compile(r"^ *((?:[A-Z_]+=\S+ )?\.venv/bin/python -m .+|make .+)$", re.MULTILINE)
LINK = re.compile(r"(?:\]\(|src=\")(?!https?:)([^)#:\"]+)")
SECTION = re.compile(r"\]\((?!https?:)([^)#:]*)#([^)]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
# Those last, and need what is not started here; tests/deploy and tests/acceptance run them.
ELSEWHERE = (
    *(f"worker health {name}" for name in ("flower", "exporter", "desk")),
    "worker desk",
    "worker web",
    "worker notify test",
)
# Not a setting of the program.
FOR_TESTS = {"HYPOTHESIS_TIMES"}
OPTIONAL = re.compile(r" \[[^]]+\]")
# What takes an hour here, or would begin these tests again, is begun and no more.
SHORTER = (
    ("--seconds 3600", "--seconds 1"),
    ("-m pytest", "-m pytest --collect-only --quiet"),
    ("make ", "make --dry-run "),
)
TICKET = text("SELECT ticket_number FROM public.support_tickets")
SET_ASIDE = text("SELECT CAST(rejected_id AS text) FROM escalation.rejected_events ORDER BY rejected_id")
ACCEPTED = text("SELECT count(*) FROM escalation.mail_recipients WHERE state = 'accepted'")


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def commands(name: str, kind: "re.Pattern[str]" = COMMAND) -> list[str]:
    found = [OPTIONAL.sub("", line.partition("  #")[0]).strip() for line in kind.findall(page(name))]
    return [command for command in found if not command.startswith(ELSEWHERE)]


def run(command: str, environment: dict[str, str], folder: Path = ROOT) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        f"{sys.executable} -m {command}",
        shell=True, cwd=folder, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip


def replaced(command: str, names: Iterable[tuple[str, str]]) -> str:
    for name, meant in names:
        command = command.replace(name, meant)
    return command


@pytest.fixture
def running(family: Processes, redis: Redis, connection: Connection) -> Processes:
    """Worker and beat at work, one ticket, two events that were set aside, and the roles that the pages name."""
    family.worker("events,urgent,mail,sweeps,listen")
    family.beat()
    redis.xadd(EVENTS, {"event": encode(message("s1", "get me a human"))})
    for broken in ("{", "["):
        redis.xadd(EVENTS, {"event": broken})
    wait_for(lambda: connection.execute(ACCEPTED).scalar(), "the mail")
    wait_for(lambda: len(connection.execute(SET_ASIDE).all()) == 2, "what was set aside")
    for role in ("escalation", "escalation_worker", "escalation_owner"):
        connection.execute(text(f"DROP ROLE IF EXISTS {role}"))
        connection.execute(text(f"CREATE ROLE {role}"))
    wait_for(lambda: run("worker doctor", family.environment).returncode == 0, "a clean bill of health")
    return family


@pytest.mark.long
def test_each_command_of_the_pages_works(running: Processes, connection: Connection, tmp_path: Path) -> None:
    (tmp_path / "corrected.json").write_text(encode(message("s2", "get me a human")), encoding="utf-8")
    names = {
        "AB-20261123-0001": connection.execute(TICKET).scalar_one(),
        "AB-20261124-0007": connection.execute(TICKET).scalar_one(),
        "SESSION_ID": "s1",
        "SESSION": "s1",
        "EXPERT_ID": "u-1",
        "other-policy.toml": str(ROOT / "config" / "policy.toml"),
        "3f9c": connection.execute(SET_ASIDE).scalars().all()[0],
    }
    failed = []
    for name in PAGES:
        assert commands(name)
        for command in commands(name):
            meant = replaced(command, names.items())
            result = run(meant, {**running.environment, "PYTHONPATH": str(ROOT)}, tmp_path)
            if result.returncode:
                failed.append(f"{name}: {meant}\n{result.stdout[-1500:]}{result.stderr[-1500:]}")
    assert failed == []


def test_no_page_with_commands_is_left_out() -> None:
    assert {name for name in ALL_PAGES if commands(name)} == set(PAGES)


@pytest.mark.long
@pytest.mark.debian("make")
@pytest.mark.parametrize("name", [name for name in ALL_PAGES if commands(name, DEVELOPER)])
def test_each_command_for_developers_works(name: str) -> None:
    python = (".venv/bin/python", sys.executable)
    for command in commands(name, DEVELOPER):
        meant = replaced(command, (*SHORTER, python))
        result = subprocess.run(meant, shell=True, cwd=ROOT, capture_output=True, text=True, check=False)
        assert result.returncode == 0, f"{meant}\n{result.stdout[-1500:]}{result.stderr[-1500:]}"


@pytest.mark.parametrize("name", ALL_PAGES)
def test_each_command_that_is_named_in_a_sentence_exists(name: str) -> None:
    for command in sorted(set(re.findall(r"`python -m (worker [a-z -]+?)(?: [A-Z-].*)?`", page(name)))):
        _, *words = (word for word in command.split() if not word.startswith("-"))
        result = CliRunner().invoke(cli, [*words, "--help"])
        assert result.exit_code == 0, f"{command}\n{result.output}"


@pytest.mark.parametrize("name", ALL_PAGES)
def test_each_setting_that_is_named_exists(name: str) -> None:
    known = FOR_TESTS | set(
        re.findall(r"^(?:# )?([A-Z_]+)=", (ROOT / ".env.example").read_text(encoding="utf-8"), re.MULTILINE)
    )
    compose = set(re.findall(r"\$\{([A-Z_]+)", (ROOT / "docker-compose.yml").read_text(encoding="utf-8")))
    named = set(re.findall(r"`([A-Z]+_[A-Z_]+[A-Z])(?:=[^`]*)?`", page(name)))
    assert {one for one in named if one not in known | compose and one.removesuffix("_FILE") not in known} == set()


@pytest.mark.parametrize("name", ALL_PAGES)
def test_each_link_leads_to_a_page(name: str) -> None:
    assert [
        link for link in LINK.findall(page(name)) if not (ROOT / "docs" / name).parent.joinpath(link).exists()
    ] == []


@pytest.mark.parametrize("name", ALL_PAGES)
def test_each_link_to_a_section_leads_to_one(name: str) -> None:
    for target, section in SECTION.findall(page(name)):
        headings = HEADING.findall(page(target or name))
        assert section in {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}, target
