"""What a person types wrong is refused, with the thing, the value and what would be right; nothing is swallowed."""

from pathlib import Path

import pytest
from redis import Redis
from sqlalchemy import Connection
from typer.testing import CliRunner

from services.installation import Installation
from tests.tasks.conftest import connection, installation, redis
from worker.commands import cli

__all__ = ["connection", "installation", "redis"]


def refused(*arguments: str) -> str:
    result = CliRunner().invoke(cli, arguments)
    assert (result.exit_code, type(result.exception)) in {(2, SystemExit), (1, SystemExit)}, result.output
    return " ".join(result.output.split())


LANGUAGES = "'en', 'el', 'ar', 'es', 'tr', 'no'"


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("detect text smoke --language xx", ("--language", "'xx'", LANGUAGES)),
        ("publish smoke --language xx", ("--language", "'xx'", LANGUAGES)),
        ("shadow report --since 2222-01-01", ("--since", "2222-01-01", "still to come: it is 20")),
        ("reconcile --since 2222-01-01", ("--since", "2222-01-01", "still to come: it is 20")),
        ("rejected replay --since-hours 1e12", ("--since-hours", "87600")),
        ("rejected replay 00 --event /nonexistent", ("--event", "/nonexistent", "not exist")),
        (
            "rejected replay --since-hours 1 --event pyproject.toml",
            ("--event pyproject.toml", "replay ID --event FILE"),
        ),
        ("mail retry --older-hours 1e300", ("--older-hours", "87600")),
        ("mail retry 00 --state held", ("either name a mail by its id, or choose by --state",)),
        ("mail preview --out pyproject.toml/x --template test", ("--out pyproject.toml/x", "should be a folder")),
        ("tickets list --status opne", ("--status 'opne'", "open, in_progress, resolved, closed")),
        ("health beat --node beat@here --own", ("--node beat@here", "--own", "give one of them")),
        ("status --json --watch", ("--json and --watch", "give one of them")),
        ("detect eval pyproject.toml --kind safety", ("pyproject.toml, line 1", '"label": 0 or 1')),
    ],
)
def test_what_is_wrong_is_named_with_what_would_be_right(typed: str, told: tuple[str, ...]) -> None:
    answer = refused(*typed.split())
    assert [words for words in told if words not in answer] == []


@pytest.mark.parametrize(
    "typed",
    [
        ("detect", "text", ""),
        ("publish", " "),
        ("publish", "smoke", "--session", ""),
        ("publish", "smoke", "--user", ""),
        ("rejected", "show", ""),
        ("rejected", "replay", ""),
        ("rejected", "dismiss", "", "a test of ours"),
        ("rejected", "dismiss", "00", " "),
        ("rejected", "dismiss", "00", "a test of ours", "--who", ""),
        ("mail", "show", ""),
        ("mail", "cancel", ""),
        ("mail", "retry", "--ticket", ""),
        ("mail", "preview", "--out", "previews", "--ticket", ""),
        ("privacy", "erase-user", ""),
        ("web", "--host", ""),
        ("web", "team-link", "revoke", ""),
        ("db", "check", "--role", ""),
        ("db", "grants", "--role", ""),
        ("health", "beat", "--node", ""),
    ],
)
def test_an_empty_word_is_not_taken_for_nothing_or_for_all(typed: tuple[str, ...]) -> None:
    assert "is empty; it should be: " in refused(*typed)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is empty; a line should be"),
        (b"\xff\xfe", "should be a text file (UTF-8)"),
        (b'{"text": 5, "label": 1}', "line 1: should be like"),
    ],
)
def test_a_file_of_labelled_texts_that_cannot_be_used_is_refused(tmp_path: Path, content: bytes, told: str) -> None:
    (tmp_path / "labelled.jsonl").write_bytes(content)
    assert told in refused("detect", "eval", str(tmp_path / "labelled.jsonl"), "--kind", "safety")


def test_who_or_what_is_not_known_is_told(installation: Installation, redis: Redis, connection: Connection) -> None:
    assert "--ticket 'AB-1' is no ticket of ours" in refused("mail", "cancel", "--ticket", "AB-1")
    assert "No link named 'nobody' works" in refused("web", "team-link", "revoke", "nobody")
    erased = CliRunner().invoke(cli, ["privacy", "erase-user", "nobody"])
    assert (erased.exit_code, "Nobody here has the id 'nobody'" in erased.stdout) == (0, True)
