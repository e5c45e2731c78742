"""What a person types first: the list of commands, a typo, one event, a ticket's number."""

import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
import typer
from redis import Redis
from sqlalchemy import Connection, text
from typer.testing import CliRunner

from services.installation import Installation
from tasks.evaluation.drain import drain
from tests.tasks.conftest import connection, installation, redis
from worker.commands import ALIASES, COMMANDS, HELP, cli

__all__ = ["connection", "installation", "redis"]


def run(*arguments: str) -> str:
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code in {0, 1, 2}, result.output
    return " ".join(result.output.split())


def test_the_help_names_every_command_and_imports_none() -> None:
    assert HELP.keys() == COMMANDS.keys()
    for name, words in HELP.items():
        assert f"{name} {words[:20]}" in run("--help")


@pytest.mark.parametrize("command", ["publish", "db"])
def test_the_help_of_a_command_lists_its_own_options_only(command: str) -> None:
    assert "completion" not in run(command, "--help")


def test_former_names_go_on_working() -> None:
    for former, name in ALIASES.items():
        assert f"worker {former}" in run(former, "--help").replace("root ", "worker ")
        assert typer.main.get_command(import_module(COMMANDS[name]).app)


@pytest.mark.parametrize(("typed", "meant"), [("statsu", "status"), ("tikets", "tickets"), ("hous", "house")])
def test_a_typo_gets_a_suggestion(typed: str, meant: str) -> None:
    assert f"Did you mean {meant}" in run(typed)


def test_one_published_event_becomes_a_ticket_that_explain_finds_by_its_number(
    installation: Installation, redis: Redis, connection: Connection
) -> None:
    assert "Published message.added" in run("publish", "there is smoke coming out", "--session", "s1", "--user", "u1")
    drain(redis, installation)
    number = connection.execute(text("SELECT ticket_number FROM escalation.tickets")).scalar_one()
    assert "Session s1" in run("explain", number)
    assert "no ticket has the number" in run("explain", "AB-20000101-0001")
    shown = run("tickets", "show", number)
    assert "Safety concern" in shown
    assert "{" not in shown


def said_by(folder: Path, *arguments: str, **variables: str) -> str:
    """What a command says in a folder, with these settings and no others."""
    bare = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-m", "worker", *arguments],
        cwd=folder,
        env=bare | variables | {"PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in {1, 2}
    return done.stdout + done.stderr


def test_without_settings_a_stack_that_runs_here_is_named(tmp_path: Path) -> None:
    assert "var/environment" not in said_by(tmp_path, "status")
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "environment").touch()
    assert ". var/environment" in said_by(tmp_path, "status")


def test_an_event_that_redis_did_not_take_leads_to_the_doctor(tmp_path: Path) -> None:
    servers = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none", "REDIS_URL": "redis://127.0.0.1:1/0"}
    assert "python -m worker doctor" in said_by(tmp_path, "publish", "smoke", **servers)


def test_a_rejected_event_that_is_dismissed_is_kept_with_the_reason_and_no_longer_counts(
    installation: Installation, redis: Redis, connection: Connection
) -> None:
    redis.xadd("escalation:events", {"event": "no JSON"})
    drain(redis, installation)
    assert "events set aside in 24 h" in run("status")
    rejected_id = connection.execute(text("SELECT CAST(rejected_id AS text) FROM escalation.rejected_events")).scalar()
    assert run("rejected", "dismiss", str(rejected_id), "a test of ours", "--who", "ana") == "Dismissed."
    assert "nothing was changed" in run("rejected", "dismiss", str(rejected_id), "again")
    assert "events set aside" not in run("status")
    assert "dismissed by ana: a test of ours" in run("rejected", "list", "--all")


def test_status_is_also_json(installation: Installation, redis: Redis, connection: Connection) -> None:
    found = json.loads(CliRunner().invoke(cli, ["status", "--json"]).output)
    assert found["redis"]["not_read"] == 0
    assert found["postgresql"]["alerts"] == []


@pytest.mark.parametrize(
    ("command", "unused"),
    [
        (("--help",), {"rich.markdown", "celery", "sqlalchemy", "redis", "pydantic"}),
        (("health", "exporter"), {"celery", "sqlalchemy", "redis", "services.installation"}),
        (("health", "beat", "--help"), {"sqlalchemy", "services.installation"}),
    ],
    ids=["help", "health", "help-of-health"],
)
def test_a_command_that_runs_often_imports_only_what_it_uses(command: tuple[str, ...], unused: set[str]) -> None:
    code = "import sys; from worker.__main__ import main\ntry: main()\nexcept SystemExit: pass\nprint(*sys.modules)"
    environment = os.environ | {"DATABASE_URL": "postgresql://unused", "REDIS_URL": "redis://unused"}
    settings = {"SUPPORT_EMAIL": "support@example.com", "EXPORTER_PORT": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code, *command], env=environment | settings, capture_output=True, text=True, check=True
    )
    assert unused & set(done.stdout.splitlines()[-1].split()) == set()
