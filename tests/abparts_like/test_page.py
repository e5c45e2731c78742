"""docs/abparts.md shows the stand-in's own lines: all that the integration adds, and no more than thirty."""

import re
from pathlib import Path

from tests.processes import ROOT

PAGE = (ROOT / "docs" / "abparts.md").read_text(encoding="utf-8")
APPLICATION = (Path(__file__).parent / "application.py").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
OURS = re.compile(r"\bescalation\.|\babparts\.|ESCALATION_|escalation_client|\breceipt\b|\basked\b")
MOST_LINES = 30


def lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def test_each_block_of_the_page_stands_in_the_application() -> None:
    assert len(BLOCKS) >= 8
    missing = [block for block in BLOCKS if block not in APPLICATION]
    assert missing == []


def test_the_page_shows_every_line_that_the_integration_adds() -> None:
    shown = {line for block in BLOCKS for line in lines(block)}
    added = [line for line in lines(APPLICATION) if OURS.search(line) and not line.startswith(("#", '"'))]
    assert len(added) >= 12
    assert [line for line in added if line not in shown] == []


def test_the_integration_is_at_most_thirty_lines() -> None:
    added = [line for line in lines(APPLICATION) if OURS.search(line)]
    assert sum(len(lines(block)) for block in BLOCKS) <= MOST_LINES
    assert len(added) <= MOST_LINES
