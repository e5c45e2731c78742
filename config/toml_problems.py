"""Names what is wrong in a TOML file: its line, the table and key, the value, and what would be right."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from config.errors import ConfigurationError

_Location = Sequence[str | int]
_ABSENT = object()
_MOST_CHARACTERS = 80
UNKNOWN = "is not known here; should be left out, or spelt right"
_HEADER = re.compile(r"\s*\[(?:\[\s*(?P<array>[\w.-]+)\s*\]|\s*(?P<table>[\w.-]+)\s*)\]\s*(?:#|$)")
_KEY = re.compile(r"\s*\"?(?P<key>[\w-]+)\"?\s*=")


@dataclass(frozen=True, slots=True)
class Problem:
    """`location` leads to the value as in pydantic's errors: ("contacts", 1, "email")."""

    location: _Location
    message: str


def problems_of(error: ValidationError) -> list[Problem]:
    """Pydantic's findings in our words."""
    return [Problem(item["loc"], words_of(item["type"], item["msg"])) for item in error.errors(include_url=False)]


def words_of(kind: str, message: str) -> str:
    known = {
        "missing": "is missing",
        "extra_forbidden": UNKNOWN,
        "model_type": "should be a table",
    }
    return known.get(kind, re.sub(r"^(Value error, |\w+ (?=should))", "", message))


def configuration_error(path: Path, data: dict[str, Any], problems: Iterable[Problem]) -> ConfigurationError:
    """One error with a line of text for each problem."""
    text = path.read_text(encoding="utf-8")
    return ConfigurationError("\n".join(f"{path}, {told(text, data, problem)}" for problem in problems))


def told(text: str, data: dict[str, Any], problem: Problem) -> str:
    value = _value_at(data, problem.location)
    # The addresses of push services hold secrets.
    may_show = isinstance(value, str | int | float) and "notify" not in problem.location
    given = f" = {shown(value)}" if may_show else ""
    return f"line {_line_of(text, problem.location)}: {_label(data, problem.location)}{given}: {problem.message}"


def shown(value: Any) -> str:
    """A value in a few characters of one line."""
    try:
        return _shortened(repr(value))
    except ValueError:
        return "a number of thousands of digits"


def printable(text: str) -> str:
    """Names stand in mail headers, where a line break would begin another header."""
    if not text.isprintable():
        raise ValueError("should be one line without control characters")
    return text


def name_of(part: str | int) -> str:
    """A key in a few characters of one line."""
    return _shortened(part) if isinstance(part, str) and part.isprintable() else shown(part)


def _shortened(text: str) -> str:
    return text if len(text) <= _MOST_CHARACTERS else text[: _MOST_CHARACTERS - 1] + "…"


def _value_at(data: Any, location: _Location) -> Any:
    for part in location:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            return _ABSENT
    return data


def _label(data: Any, location: _Location) -> str:
    """The way to the value, entries by their `key` where they have one, else counted from 1."""
    name = ""
    for place, part in enumerate(location):
        entry = _value_at(data, location[: place + 1])
        key = entry.get("key") if isinstance(entry, dict) else None
        name += f".{name_of(part)}" if isinstance(part, str) else f"[{name_of(key or part + 1)}]"
    return name.removeprefix(".")


def _line_of(text: str, location: _Location) -> int:
    """The line of the value, or of the nearest table around it; 1 when there is not even that."""
    known = _places(text)
    around = (tuple(location[:length]) for length in range(len(location), 0, -1))
    return next((known[place] for place in around if place in known), 1)


def _places(text: str) -> dict[tuple[str | int, ...], int]:
    """The first line of each table and key; what stands inside a value has none of its own."""
    known: dict[tuple[str | int, ...], int] = {}
    entries: Counter[str] = Counter()
    table: tuple[str | int, ...] = ()
    for number, line in enumerate(text.splitlines(), 1):
        place = table
        if header := _HEADER.match(line):
            name = header["array"] or header["table"]
            place = table = (*name.split("."), entries[name]) if header["array"] else tuple(name.split("."))
            entries[name] += 1
        elif key := _KEY.match(line):
            place = (*table, key["key"])
        for length in range(1, len(place) + 1):
            known.setdefault(place[:length], number)
    return known
