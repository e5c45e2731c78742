"""`policy replay`: what was decided, and what would be now; nothing is written."""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from sqlalchemy import Connection, text
from typer.testing import CliRunner

from config.settings import CONFIG_FOLDER
from escalation_client.events import ConfidenceReported, Event, MessageAdded, SessionStarted, StepRecorded, TextJudged
from services.database.engine import begin
from services.installation import Installation
from services.tickets.trigger_feedback import give_feedback
from tasks.evaluation.drain import drain
from worker.commands.policy import app

Publish = Callable[[Sequence[Event | str]], None]
ONLY_SECOND = "his sleeve went round the shaft and took the arm with it"
CONTENT = text("""
    SELECT (SELECT count(*) FROM escalation.event_inbox), (SELECT count(*) FROM escalation.tickets),
           (SELECT count(*) FROM escalation.outcomes), (SELECT max(opened_at) FROM escalation.tickets)
""")
NOW = datetime.now(UTC)


def said(session_id: str, content: str, seconds: float = 0) -> MessageAdded:
    return MessageAdded(
        session_id=session_id, message_id=f"{session_id}-{seconds}", sender="user", content=content,
        occurred_at=NOW + timedelta(seconds=seconds),
    )  # fmt: skip


def judged(message: MessageAdded, kind: str, score: float) -> TextJudged:
    return TextJudged(
        session_id=message.session_id, text_event_id=str(message.id), kind=kind, score=score, model="m",
        message_id=message.message_id, phrase=message.content, occurred_at=message.occurred_at,
    )  # fmt: skip


@pytest.fixture(autouse=True)
def record(publish: Publish, redis: Redis, installation: Installation) -> None:
    """Sessions: danger by the lists; by the second ear alone; a wish asked about and confirmed; doubt; eight steps."""
    second, wish = said("second", ONLY_SECOND), said("asked", "who else do you have")
    publish([SessionStarted(session_id="lists", user_id="u", language="en"), said("lists", "smoke!")])
    perhaps = said("perhaps", "is nobody else there")
    publish([second, judged(second, "danger", 0.7), wish, judged(wish, "handoff", 0.3)])
    publish([perhaps, judged(perhaps, "handoff", 0.3)])
    publish([ConfidenceReported(session_id="doubt", confidence=0.28), said("quiet", "the filter is blue")])
    publish([StepRecorded(session_id="steps", step_number=n, completed=True, success=False) for n in range(1, 9)])
    drain(redis, installation)
    publish([said("asked", "yes", 5)])
    drain(redis, installation)


def replayed(*options: str) -> dict[str, Any]:
    result = CliRunner().invoke(app, ["replay", "--json", *options])
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def policy_file(tmp_path: Path, **values: str) -> str:
    content = (CONFIG_FOLDER / "policy.toml").read_text(encoding="utf-8")
    for name, value in values.items():
        line = next(line for line in content.splitlines() if line.startswith(f"{name} ="))
        content = content.replace(line, f"{name} = {value}")
    path = tmp_path / "policy.toml"
    path.write_text(content, encoding="utf-8")
    return str(path)


def test_under_the_same_policy_nothing_differs_and_nothing_is_written(connection: Connection) -> None:
    before = connection.execute(CONTENT).one()
    found = replayed()
    assert (found["sessions"], found["escalated_before"], found["escalated_after"]) == (7, 5, 5)
    assert found["different"] == []
    assert connection.execute(CONTENT).one() == before


def test_other_thresholds_show_what_they_would_change(tmp_path: Path) -> None:
    file = policy_file(tmp_path, danger_threshold="0.8", confidence_threshold="0.2", step_limit="9")
    found = replayed("--policy", file)
    different = {session["session_id"]: session for session in found["different"]}
    assert set(different) == {"second", "doubt", "steps"}
    assert different["second"]["before"] == ["safety_concern"]
    assert different["second"]["after"] == []
    assert different["second"]["events"][0]["message_id"] == "second-0"
    assert different["second"]["events"][0]["was"]
    assert found["escalated_after"] == 2


def test_a_lower_threshold_shows_which_text_would_escalate(tmp_path: Path) -> None:
    (session,) = replayed("--policy", policy_file(tmp_path, handoff_threshold="0.28"))["different"]
    assert (session["session_id"], session["before"], session["after"]) == ("perhaps", [], ["user_request"])
    assert [(each["message_id"], each["was"]) for each in session["events"]] == [("perhaps-0", False)]


def test_the_word_lists_alone_hear_less(tmp_path: Path) -> None:
    different = {session["session_id"]: session for session in replayed("--detection", "off")["different"]}
    assert set(different) == {"second", "asked"}


def test_the_second_ear_may_judge_again() -> None:
    found = replayed("--detection", "on")
    assert "second" not in {session["session_id"] for session in found["different"]}


def test_what_experts_said_stands_beside(tmp_path: Path, connection: Connection) -> None:
    number = connection.execute(
        text("SELECT ticket_number FROM escalation.tickets WHERE session_id = 'doubt'")
    ).scalar_one()
    with begin() as transaction:
        give_feedback(transaction, number, {"low_confidence": "not_needed"}, "Maria")
    result = CliRunner().invoke(
        app, ["replay", "--policy", policy_file(tmp_path, confidence_threshold="0.2")], env={"COLUMNS": "200"}
    )
    assert "low_confidence: not_needed" in result.stdout
    assert "1 differ" in result.stdout


@pytest.mark.parametrize("age", ["7", "7y", "-1d", "d"])
def test_an_age_that_is_none_is_named(age: str) -> None:
    result = CliRunner().invoke(app, ["replay", "--since", age])
    assert result.exit_code == 2
    assert "7d" in result.output
