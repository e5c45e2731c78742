"""Rows as parameters of one statement: column by column, each column named once, in the named tuple of the row."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Generic, TypeVar, Union, get_args, get_origin, get_type_hints
from uuid import UUID

_SQL_TYPES: Final[dict[Any, str]] = {
    str: "text",
    bool: "boolean",
    int: "bigint",
    float: "double precision",
    Decimal: "numeric",
    UUID: "uuid",
    datetime: "timestamptz",
    date: "date",
    bytes: "bytea",
}

_Row = TypeVar("_Row", bound=tuple[Any, ...])

# For members of rows whose column has another type than the Python type says.
Jsonb = Annotated[str, "jsonb"]
Json = Annotated[str, "json"]
Uuid = Annotated[str, "uuid"]

# JSON is full of what an array's literal escapes, and SQL's string then once more. Between documents stands a letter
# that stands in none of them (RFC 8259, 7), and nothing is escaped but the apostrophe; an empty text is NULL.
_JSON_TYPES: Final = ("json", "jsonb")
_BETWEEN: Final = "\x1f"


def json_array(name: str, sql_type: str = "jsonb") -> str:
    """The SQL of an array of JSON whose parameter is what `json_list` makes."""
    return f"CAST(string_to_array(CAST(:{name} AS text), chr({ord(_BETWEEN)}), '') AS {sql_type}[])"


def json_list(documents: Sequence[str | None]) -> str:
    """JSON documents as one parameter. A single NULL is an empty array, which `unnest` fills up beside other columns.

    :raises ValueError: one is no JSON, since it has a control character
    """
    joined = _BETWEEN.join([document or "" for document in documents])
    if joined.count(_BETWEEN) > max(len(documents) - 1, 0):
        raise ValueError("a control character stands in what should be JSON")
    return joined


Integer = Annotated[int, "integer"]
SmallInteger = Annotated[int, "smallint"]


def _sql_type(hint: Any) -> str:
    if get_origin(hint) is Annotated:
        return str(get_args(hint)[1])
    if get_origin(hint) in {Union, UnionType}:
        (hint,) = (member for member in get_args(hint) if member is not NoneType)
        return _sql_type(hint)
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        hint = str
    if hint not in _SQL_TYPES:
        raise TypeError(f"{hint} has no SQL type here: annotate it, such as Annotated[str, 'jsonb']")
    return _SQL_TYPES[hint]


class Unnest(Generic[_Row]):
    """Rows as a table of parameters: `text(f"INSERT INTO … SELECT {u.columns} FROM {u.table}")`.

    :param row: the named tuple; its members are the columns, its annotations give their SQL types
    :raises TypeError: an annotation gives no SQL type
    """

    def __init__(self, row: type[_Row], alias: str = "n") -> None:
        types = {name: _sql_type(hint) for name, hint in get_type_hints(row, include_extras=True).items()}
        self._names = tuple(types)
        self._alias = alias
        self.columns = ", ".join(types)
        self._json = [name for name, sql_type in types.items() if sql_type in _JSON_TYPES]
        arrays = ", ".join(
            json_array(name, sql_type) if name in self._json else f"CAST(:{name} AS {sql_type}[])"
            for name, sql_type in types.items()
        )
        self.table = f"unnest({arrays}) AS {alias} ({self.columns})"

    def assignments(self, key: str) -> str:
        """`a = n.a, b = n.b` for an UPDATE of all columns but the key."""
        return ", ".join(f"{name} = {self._alias}.{name}" for name in self._names if name != key)

    def parameters(self, rows: Sequence[_Row], **others: Any) -> dict[str, Any]:
        """The statement's parameters: a list for each column, and what else the statement asks for."""
        lists = map(list, zip(*rows, strict=True)) if rows else ([] for _ in self._names)
        return self.of_columns(*lists, **others)

    def of_columns(self, *lists: list[Any], **others: Any) -> dict[str, Any]:
        """The same from the lists, in the order of the row's members."""
        columns: dict[str, Any] = dict(zip(self._names, lists, strict=True))
        return others | columns | {name: json_list(columns[name]) for name in self._json}
