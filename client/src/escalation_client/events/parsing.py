"""From bytes to one JSON object (RFC 8259), refused early when they are large, deep or no UTF-8."""

import json
import re
from typing import Any, Final, NoReturn

from escalation_client.events.errors import Unfit
from escalation_client.events.json_values import DEEPEST

LARGEST_BYTES: Final = 256 * 1024
# A string counts up to its end even when its quote is missing, so that this stays linear for any input.
BRACKET_OR_STRING: Final = re.compile(rb'[\[{]|[\]}]|"(?:[^"\\]|\\.)*+"?', re.DOTALL)


def parse_object(raw: bytes | str) -> dict[str, Any]:
    """The JSON object in some bytes. Raises `Unfit`, which says what would be right."""
    try:
        binary = raw.encode() if isinstance(raw, str) else raw
        refuse_large(binary)
        refuse_deep(binary)
        document = DECODER.decode(binary.decode())
    except UnicodeError:
        raise Unfit("valid UTF-8") from None
    except Unfit:
        raise
    except ValueError as error:
        raise Unfit(f"one JSON object ({error})") from None
    if not isinstance(document, dict):
        raise Unfit("one JSON object")
    return document


def refuse_large(binary: bytes) -> None:
    if len(binary) > LARGEST_BYTES:
        raise Unfit(f"at most {LARGEST_BYTES} bytes, and these are {len(binary)}")


def refuse_deep(binary: bytes) -> None:
    # As few opening brackets as this cannot nest deeper, wherever they stand.
    if binary.count(b"[") + binary.count(b"{") <= DEEPEST:
        return
    depth = 0
    for match in BRACKET_OR_STRING.finditer(binary):
        first = match[0][:1]
        depth += (first in b"[{") - (first in b"]}")
        if depth > DEEPEST:
            raise Unfit(f"at most {DEEPEST} levels of nesting")


def finite(digits: str) -> float:
    value = float(digits)
    if value in (float("inf"), float("-inf")):
        refuse_constant(digits)
    return value


def refuse_constant(name: str) -> NoReturn:
    raise Unfit(f"finite numbers, not {name[:20]}")


DECODER: Final = json.JSONDecoder(parse_float=finite, parse_constant=refuse_constant)
