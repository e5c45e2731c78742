"""`detect eval` and `detect text`, as somebody types them."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from config.policy import load_policy
from worker.commands.detect import app

ROWS = [
    ("let me talk to your winch technician", "en", 1, "chat"),
    ("the pump leaks", "en", 0, "chat"),
    ("quiero hablar con un técnico", "es", 1, "mesa"),
    ("somebody who understands this whole mess", "en", 1, "mesa"),
]


def labelled(tmp_path: Path, rows: list[tuple[str, str, int, str]]) -> Path:
    path = tmp_path / "labelled.jsonl"
    lines = (json.dumps(dict(zip(("text", "lang", "label", "source"), row, strict=True))) for row in rows)
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


@pytest.fixture
def lists_alone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("POLICY_SECOND_EAR", "false")
    load_policy.cache_clear()
    yield
    load_policy.cache_clear()


@pytest.mark.usefixtures("lists_alone")
def test_eval_counts_by_language_and_source(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["eval", str(labelled(tmp_path, ROWS)), "--kind", "handoff", "--json"])
    assert result.exit_code == 0
    summary = json.loads(result.stdout)
    assert (summary["precision"], summary["recall"], summary["f1"]) == (1.0, 0.6667, 0.8)
    assert summary["by_language"]["es"]["recall"] == 1.0
    assert summary["by_source"]["mesa"] == {
        "precision": 1.0,
        "recall": 0.5,
        "f1": 0.6667,
        "yes": 2,
        "no": 0,
        "ask": {"precision": 1.0, "recall": 0.5},
    }
    assert summary["ears"] == "word lists alone"


def test_eval_hears_with_both_ears_by_default(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["eval", str(labelled(tmp_path, ROWS)), "--kind", "handoff", "--json"])
    summary = json.loads(result.stdout)
    assert summary["ears"].startswith("word lists and second ear")
    assert (summary["precision"], summary["ask"]["recall"]) == (1.0, 1.0)


def test_text_shows_both_ears() -> None:
    result = CliRunner().invoke(app, ["text", "his sleeve went round the shaft and took the arm with it", "--json"])
    danger = next(each for each in json.loads(result.stdout) if each.get("ear") and each["kind"] == "safety_concern")
    assert danger["score"] > danger["threshold"]
    assert len(danger["sounds_like"]) == 2


@pytest.mark.usefixtures("lists_alone")
def test_eval_lists_the_mistakes(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["eval", str(labelled(tmp_path, ROWS)), "--kind", "handoff"])
    assert "not heard (nothing): 'somebody who understands" in result.stdout.replace("\n", " ")


@pytest.mark.parametrize("line", ["{", '{"text": "x"}', '{"text": "x", "label": 2}', "[1]"])
def test_a_line_that_is_no_labelled_text_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "labelled.jsonl"
    path.write_text(f'{{"text": "a", "label": 0}}\n{line}\n', encoding="utf-8")
    result = CliRunner().invoke(app, ["eval", str(path), "--kind", "safety"])
    assert result.exit_code == 2
    assert "line 2" in result.output


def test_text_explains_what_is_heard() -> None:
    result = CliRunner().invoke(app, ["text", "smoke is coming out of the motor", "--language", "en"])
    assert "reports smoke" in result.stdout
    result = CliRunner().invoke(app, ["text", "there is no smoke", "--json"])
    assert json.loads(result.stdout)[0]["strength"] == "weak"


def test_text_says_when_nothing_is_heard() -> None:
    result = CliRunner().invoke(app, ["text", "the pump is blue"])
    assert "Nothing is heard" in result.stdout
