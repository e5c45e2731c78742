"""A message whose headers name exactly the recipients of its envelope."""

import re
from collections.abc import Sequence
from typing import Final

# A header and its folded lines (RFC 5322, 2.2.3).
RECIPIENT_HEADERS: Final = re.compile(rb"^(?:To|Cc|Bcc):.*(?:\r\n[ \t].*)*\r\n", re.IGNORECASE | re.MULTILINE)
FOLD: Final = ",\r\n "


def addressed_to(message: bytes, recipients: Sequence[str]) -> bytes:
    """The message with one To header for these addresses, in place of those for whoever has it already."""
    head, separator, body = message.partition(b"\r\n\r\n")
    kept = RECIPIENT_HEADERS.sub(b"", head + b"\r\n").removesuffix(b"\r\n")
    return f"To: {FOLD.join(recipients)}\r\n".encode() + kept + separator + body
