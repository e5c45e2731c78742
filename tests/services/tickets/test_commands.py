"""The command line: what people see when they look, act, ask why, and compare."""

import json
import re
from typing import Any

import pytest
from sqlalchemy import Connection
from typer.testing import CliRunner, Result

from config.settings import get_settings
from escalation_client.events import Event
from services.installation import Installation, get_installation
from tasks.evaluation.batch import write
from tests.events import confidence, message, started, step
from tests.services.escalation.test_reconcile import SESSION, TICKET, TRIGGER
from tests.services.tickets.conftest import Opened, by_sql, ticket_row
from tests.tasks.conftest import rows
from tests.tasks.evaluation.batches import Entries
from worker.commands import cli


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments, env={"COLUMNS": "20"})


def as_json(*arguments: str) -> Any:
    return json.loads(run(*arguments, "--json").stdout)


@pytest.fixture
def shadow(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> Installation:
    monkeypatch.setenv("MODE", "shadow")
    get_settings.cache_clear()
    get_installation.cache_clear()
    return get_installation()


def test_a_ticket_is_worked_on_in_the_terminal(opened: Opened, connection: Connection) -> None:
    number = opened()
    assert number in run("tickets", "list").stdout
    assert run("tickets", "acknowledge", number, "--who", "Maria").stdout == f"{number} is in_progress.\n"
    again = run("tickets", "acknowledge", number, "--who", "Maria")
    assert again.stdout == f"{number} is in_progress already; nothing was changed.\n"
    refused = run("tickets", "acknowledge", number, "--who", "John")
    assert (refused.exit_code, "assign it to hand it over (by Maria)" in refused.stderr) == (1, True)
    for arguments in (
        ("assign", number, "expert-7"),
        ("note", number, "Called the farm."),
        ("priority", number, "high"),
        ("resolve", number, "New hose."),
        ("close", number),
    ):
        assert run("tickets", *arguments, "--who", "Maria").exit_code == 0
    shown = run("tickets", "show", number).stdout
    for words in ("Called the farm.", "New hose.", "expert-7", "prioritise", "low_confidence", "Whom to contact"):
        assert words in shown
    assert "primary contact" not in shown
    assert as_json("tickets", "show", number)["status"] == "closed"
    assert run("tickets", "reopen", number, "--who", "John").exit_code == 0
    assert ticket_row(connection, number)["status"] == "open"
    unknown = run("tickets", "show", "AB-1")
    assert (unknown.exit_code, "no ticket has the number" in unknown.stderr) == (1, True)


def test_in_shadow_mode_tickets_are_left_alone(shadow: Installation, opened: Opened) -> None:
    refused = run("tickets", "note", "AB-20261123-0001", "words")
    assert (refused.exit_code, "set MODE=active first" in refused.stderr) == (1, True)
    assert "Nothing is looked for in shadow mode" in run("reconcile").stdout


def test_explain_shows_values_limits_tickets_and_people(
    installation: Installation, entries: Entries, opened: Opened
) -> None:
    number = opened()
    write(entries([started("s"), confidence("s", 0.8, seconds=9)]), installation)
    run("tickets", "acknowledge", number, "--who", "Maria")
    shown = run("explain", "s").stdout
    for words in ("confidence.reported", "low_confidence", "0.1", "0.8", "0.3", number, "ticket_opened",
                  "support@example.com", "acknowledge", "Maria", "ticket.acknowledged"):  # fmt: skip
        assert words in shown, words
    assert re.search(r"confidence.reported → AB-.*\n +low_confidence fired: value 0.1, limit 0.3\s", shown)
    assert re.search(r"low_confidence did not fire: value 0.8, limit 0.3\s", shown)
    assert re.search(r"ticket_opened to support@example.com: queued, due at \d{4}-", shown)
    assert re.search(r"Maria: acknowledge \(status in_progress\)", shown)
    # What is for programs is not for a person at night.
    assert [line for line in shown.splitlines() if re.search(r"\w=|[{}]", line)] == []
    told = as_json("explain", "s")
    assert {one["type"] for one in told["outcomes"]} == {"ticket.opened", "ticket.acknowledged"}
    unknown = run("explain", "nobody")
    assert (unknown.exit_code, "No event of session 'nobody' has arrived." in unknown.stdout) == (1, True)
    assert "python -m worker rejected list" in unknown.stdout


def test_reconcile_shows_what_it_would_do_before_it_does_it(installation: Installation, connection: Connection) -> None:
    by_sql(connection, SESSION, id="s", status="escalated")
    by_sql(connection, "ALTER TABLE escalation.audit_log DISABLE TRIGGER USER")
    by_sql(connection, "UPDATE escalation.audit_log SET at = at - interval '1 hour'")
    by_sql(connection, "UPDATE public.ai_sessions SET created_at = created_at - interval '1 hour'")
    assert run("reconcile").stdout == "All is clean.\n"
    would = run("reconcile", "--since", "2020-01-01", "--dry-run").stdout
    assert "would be repaired" in would
    assert rows(connection, "SELECT * FROM escalation.tickets") == []
    assert "escalated sessions" in run("reconcile", "--since", "2020-01-01").stdout
    assert len(rows(connection, "SELECT * FROM escalation.tickets")) == 1
    assert run("reconcile", "--since", "2020-01-01").stdout == "All is clean.\n"


def test_the_shadow_report_compares_session_by_session(
    shadow: Installation, entries: Entries, connection: Connection
) -> None:
    for session in ("both", "other reason", "theirs", "unseen", "marked"):
        by_sql(connection, SESSION, id=session, status="active")
    for session in ("both", "other reason", "theirs"):
        by_sql(connection, TICKET, id=f"t-{session}", session=session)
    by_sql(connection, TRIGGER, id="g", session="unseen", type="confidence_low", value=0.1, decision="escalate")
    by_sql(connection, "UPDATE public.ai_sessions SET status = 'escalated' WHERE id = 'marked'")
    events: list[Event] = [
        message("both", "i want to talk to a human"),
        message("other reason", "there is smoke from the cabinet"),
        confidence("theirs", 0.9),
        *[step("ours", number) for number in range(1, 9)],
        confidence("neither", 0.9),
        confidence("marked", 0.1),
    ]
    write(entries(events), shadow)
    report = as_json("shadow", "report")
    assert report["counts"] == {"both": 3, "only_worker": 1, "only_abparts": 1, "unseen": 1, "neither": 1}
    assert {one["session_id"]: one["kind"] for one in report["different"]} == {
        "other reason": "both",
        "ours": "only_worker",
        "theirs": "only_abparts",
        "unseen": "unseen",
    }
    assert report["reasons"] == {"safety_concern": 1, "user_request": 1, "steps_exceeded": 1, "low_confidence": 1}
    assert rows(connection, "SELECT * FROM escalation.mails") == []
    shown = run("shadow", "report").stdout
    assert "7 sessions since" in shown
    assert "another reason" in shown
