"""A whole run, as small as can be, and what the command line makes of its arguments."""

import pytest

from bench.__main__ import measure, names, parser
from bench.goals import verdicts
from bench.page import page
from bench.profile import table_of
from bench.results import Results
from bench.sections import SECTIONS
from bench.sections.effort import Effort

pytestmark = pytest.mark.long


def test_a_small_run_measures_what_it_was_asked_for() -> None:
    said: list[str] = []
    kept: list[Results] = []
    results = measure(["tickets"], Effort(1, 0.01, said.append), explain=False, kept=kept.append)
    assert kept == [results]
    assert set(results) == {"tickets"}
    assert set(results["tickets"].speeds) == set(results["tickets"].words)
    assert all(figures[0] > 0 for figures in results["tickets"].speeds.values())
    assert len(said) == 3
    assert [verdict.goal.key for verdict in verdicts(results)] == ["tickets"]
    assert "1 rounds, 1% of the usual amounts" in page(results)


def test_sections_are_run_in_their_own_order() -> None:
    assert names("latency,events") == ["events", "latency"]
    assert parser().parse_args([]).only == list(SECTIONS)


def test_a_section_that_does_not_exist_is_named_with_those_that_do(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parser().parse_args(["--only", "speed"])
    assert "no section speed; there are events, streams, tickets, composing, mails" in capsys.readouterr().err


def test_stacks_become_a_table_of_functions() -> None:
    stacks = ["main (app.py:1);work (app.py:5) 3", "main (app.py:1);work (app.py:9) 4", "main (app.py:2) 3"]
    waiting = ["main (app.py:1);_worker (concurrent/futures/thread.py:81) 90"]
    rows = table_of([*stacks, *waiting]).splitlines()[2:]
    assert rows == ["| `work (app.py)` | 70% | 70% |", "| `main (app.py)` | 30% | 100% |"]
