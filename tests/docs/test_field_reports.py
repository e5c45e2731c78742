"""The page of field reports: each report is of a project, stands once, and its test exists."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "field-reports.md").read_text(encoding="utf-8")
REPORTS = re.findall(r"^\| ([\w.-]+/[\w.-]+)#(\d+) \|", PAGE, re.MULTILINE)


def test_every_test_that_is_named_exists() -> None:
    named = re.findall(r"`(tests/[\w/.]+)`", PAGE)
    assert [path for path in named if not (ROOT / path).is_file()] == []


def test_every_row_names_its_test_and_every_report_stands_once() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| ") and "---" not in line]
    heads = ("| fault |", "| report |")
    assert [row for row in rows if "`tests/" not in row and not row.startswith(heads)] == []
    assert len(set(REPORTS)) == len(REPORTS) >= 20
    assert len({project for project, _ in REPORTS}) >= 20
