"""The page on reliability tells what happened, and only that."""

import re

from bench.chaos.page import section
from bench.chaos.recovery import TAKEN_OVER, recovery
from bench.chaos.report import StormReport
from bench.reliability import PAGE
from tests.processes import ROOT

TEXT = PAGE.read_text(encoding="utf-8")


def test_the_storm_s_section_shows_each_fault_and_ends_with_the_last_line() -> None:
    recoveries = [
        recovery("SMTP down", 3, [1.0, 2.0, 9.0]),
        recovery("two beats", 1, []),
        recovery(TAKEN_OVER, 1, [8.0]),
    ]
    text = section(StormReport(7, 30, faults=["SMTP down"] * 3 + ["two beats"], missed=2, recoveries=recoveries))
    assert "| SMTP down | 3 | 2.0 s | 9.0 s |\n| two beats | 1 |  |  |\n" in text
    assert "Kills of a process with events in hand: 1;" in text
    assert "(mostly a mail to be sent): 2." in text
    assert text.endswith(
        "chaos ok: seed=7 minutes=30 events=0 tickets=0 mails=0 pushes=0 faults=4 lost=0 doubled=0\n```"
    )


def test_a_storm_without_orphans_says_nothing_of_them() -> None:
    assert "in hand" not in section(StormReport(7, 1, recoveries=[recovery(TAKEN_OVER, 0, [])]))


def test_a_report_of_many_differences_stays_short() -> None:
    report = StormReport(7, 1)
    report.verdict.missing("event", range(1_000))
    report.verdict.repeated("mail", ["<x@example.com>"])
    lines = list(report.lines)
    assert len(lines) < 60
    assert lines[-1].startswith("chaos FAILED: ")
    assert lines[-2] == "and 951 more differences: {'lost: event': 950, 'doubled: mail': 1}"


def test_the_page_names_tests_and_targets_that_are_there() -> None:
    named = set(re.findall(r"`(tests/[\w/.]+)`", TEXT))
    assert {one for one in named if not (ROOT / one).exists()} == set()
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"make ([a-z-]+)", TEXT))
    assert {one for one in targets if f"\n{one}: " not in makefile} == set()
    assert named
    assert targets >= {"chaos", "breakages", "test"}
