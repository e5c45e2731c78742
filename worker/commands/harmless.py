"""Text from outside for a terminal: neither the terminal nor rich's markup obeys it."""

import re
from typing import Final

from rich.markup import escape

# C0 and C1 but for tab and line feed; DEL.
CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def harmless(text: str) -> str:
    """Control characters as what they are called in Python."""
    return CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def quoted(text: str) -> str:
    """Harmless also where rich reads markup."""
    return escape(harmless(text))
