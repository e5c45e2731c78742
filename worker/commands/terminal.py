"""What commands print to. A pipe or a file has no width, so there nothing is wrapped or cut."""

import re
from typing import Any, Final

from rich.console import Console, ConsoleDimensions
from rich.markup import escape
from rich.table import Column, Table

ENDLESS: Final = ConsoleDimensions(10_000, 25)


class Output(Console):
    """COLUMNS is for terminals only: it may be inherited from one, as by everything that is started beside readline."""

    def print(self, *objects: Any, **options: Any) -> None:
        """Print, in lines without an end where there is no terminal."""
        if not self.is_terminal:
            self.size = ENDLESS
        super().print(*objects, **options)


def uncut_table(*headings: str, whole: tuple[str, ...] = ()) -> Table:
    """Cells too wide for a terminal go on in the next line, uncut; those of `whole`, to be copied, stay in one."""
    return Table(*(Column(heading, overflow="fold", no_wrap=heading in whole) for heading in headings))


# C0 and C1 but for tab and line feed; DEL.
CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def harmless(text: str) -> str:
    """Control characters as what they are called in Python."""
    return CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def quoted(text: str) -> str:
    """Harmless also where rich reads markup."""
    return escape(harmless(text))
