"""The page on reliability: each command writes its own section and leaves the others as they are."""

import re
from pathlib import Path

NAME = "docs/reliability.md"
PAGE = Path(__file__).parent.parent / NAME


class NoSection(Exception):
    """The page has no such section, so nothing can be written there."""


def read(name: str, page: Path = PAGE) -> str:
    """What stands between the section's marks.

    :raises NoSection: the marks are not there exactly once
    """
    found = re.findall(f"<!-- {name} -->\n(.*?)<!-- end of {name} -->", page.read_text(encoding="utf-8"), re.DOTALL)
    if len(found) != 1:
        raise NoSection(f"{page} has the section {name!r} {len(found)} times, not once")
    return str(found[0])


def write(name: str, text: str, page: Path = PAGE) -> None:
    """Put a text between the section's marks. Raises `NoSection`."""
    begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
    old = f"{begin}{read(name, page)}{end}"
    page.write_text(page.read_text(encoding="utf-8").replace(old, f"{begin}{text.strip()}\n{end}"), encoding="utf-8")
