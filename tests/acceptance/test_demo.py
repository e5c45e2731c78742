"""`python -m worker demo` whole: real stack, real sessions, real mails."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from demo.recording import SESSIONS, load_recordings
from tests.processes import ROOT

pytestmark = pytest.mark.long

OK = re.compile(r"demo ok: sessions=(\d+) events=(\d+) tickets=(\d+) mails=(\d+) rejected=(\d+)")


def demo(*arguments: str) -> "subprocess.CompletedProcess[str]":
    # What the environment names must not be used: nothing listens there.
    given = {"DATABASE_URL": "postgresql://127.0.0.1:1/production", "SMTP_SERVER": "127.0.0.1", "SMTP_PORT": "1"}
    return subprocess.run(
        [sys.executable, "-m", "worker", "demo", *arguments],
        cwd=ROOT,
        env={**os.environ, **given},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


def test_every_recorded_session_leads_to_what_it_should(server_folder: Path) -> None:
    var = server_folder / "demo"
    ended = demo("--var", str(var))
    assert ended.returncode == 0, ended.stdout + ended.stderr
    expected = load_recordings()
    counts = OK.fullmatch(ended.stdout.strip())
    assert counts, ended.stdout
    sessions, events, tickets, mails, rejected = map(int, counts.groups())
    assert (sessions, events) == (len(expected), sum(len(one.lines) for one in expected))
    assert tickets == sum(bool(one.expectation.reasons) for one in expected)
    assert mails >= tickets
    assert rejected == 1
    page = (var / "demo" / "index.html").read_text(encoding="utf-8")
    assert page.count("<iframe") == mails
    assert not (var / "demo" / "stack" / "stack.json").exists(), "the stack is still running"


@pytest.mark.parametrize(
    ("expect", "problem"),
    [
        ({"reasons": ["low_confidence"], "priority": "urgent", "mails": 1}, "priority medium instead of urgent"),
        ({"reasons": [], "priority": None, "mails": 0}, "1 tickets instead of 0"),
    ],
)
def test_a_session_that_leads_to_something_else_fails_the_demo(
    server_folder: Path, tmp_path: Path, expect: dict[str, object], problem: str
) -> None:
    name = "08-misspelt-and-unsure"
    head, *lines = (SESSIONS / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    told = json.loads(head)
    told["expect"] |= expect
    (tmp_path / f"{name}.jsonl").write_text("\n".join([json.dumps(told), *lines]), encoding="utf-8")
    ended = demo("--var", str(server_folder / "demo"), "--sessions", str(tmp_path))
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert f"{name}: {problem}" in ended.stderr
    assert ended.stdout.startswith("demo failed: sessions=1 ")
