"""The page on reliability: each command writes its own section and leaves the others as they are."""

import re
from pathlib import Path

NAME = "docs/reliability.md"
PAGE = Path(__file__).parent.parent / NAME


class NoSection(Exception):
    """The page has no such section, so nothing can be written there."""


def write(name: str, text: str, page: Path = PAGE) -> None:
    """Put a text between the section's marks.

    :raises NoSection: the marks are not there exactly once
    """
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    written, times = pattern.subn(lambda _: f"{begin}\n{text.strip()}\n{end}", page.read_text(encoding="utf-8"))
    if times != 1:
        raise NoSection(f"{page} has the section {name!r} {times} times, not once")
    page.write_text(written, encoding="utf-8")
