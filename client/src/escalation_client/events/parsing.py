"""From bytes to one JSON object (RFC 8259), refused early when they are large, deep or no UTF-8."""

import json
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final, NoReturn

from escalation_client.events.errors import Unfit
from escalation_client.events.json_values import DEEPEST, storable

LARGEST_BYTES: Final = 256 * 1024
# A string counts up to its end even when its quote is missing, so that this stays linear for any input.
# An escape that may stand for what cannot be stored: NUL, or half of a surrogate pair.
DOUBTFUL_ESCAPE: Final = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
# PostgreSQL's numeric has room for 16,383 decimals; a double that is not tiny needs 300 characters at most.
MOST_DECIMALS: Final = 16_383
LONG_NUMBER: Final = 300
BRACKET_OR_STRING: Final = re.compile(rb'[\[{]|[\]}]|"(?:[^"\\]|\\.)*+"?', re.DOTALL)


def parse_object(raw: bytes | str) -> dict[str, Any]:
    """The JSON object in some bytes. Raises `Unfit`, which says what would be right."""
    try:
        binary = raw.encode() if isinstance(raw, str) else raw
        refuse_large(binary)
        refuse_deep(binary)
        decoder = WARY_DECODER if DOUBTFUL_ESCAPE.search(binary) else DECODER
        document = decoder.decode(binary.decode())
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
    if not value or len(digits) > LONG_NUMBER:
        refuse_decimals(digits)
    return value


def refuse_decimals(digits: str) -> None:
    exponent = Decimal(digits).as_tuple().exponent
    if isinstance(exponent, int) and exponent < -MOST_DECIMALS:
        raise Unfit(f"numbers of at most {MOST_DECIMALS} decimals, not {digits[:20]}")


def refuse_constant(name: str) -> NoReturn:
    raise Unfit(f"finite numbers, not {name[:20]}")


def without_hidden(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """An object's members; also one that a later member of the same name hides has to be fit for PostgreSQL."""
    members = dict(pairs)
    if len(members) < len(pairs):
        refuse_unstorable(pairs)
    return members


def refuse_unstorable(value: Any) -> None:
    if isinstance(value, str):
        storable(value)
    elif isinstance(value, list | tuple):
        for item in value:
            refuse_unstorable(item)
    elif isinstance(value, dict):
        refuse_unstorable(list(value.items()))


DECODER: Final = json.JSONDecoder(parse_float=finite, parse_constant=refuse_constant)
WARY_DECODER: Final = json.JSONDecoder(
    parse_float=finite, parse_constant=refuse_constant, object_pairs_hook=without_hidden
)
