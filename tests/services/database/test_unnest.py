"""Rows go to PostgreSQL column by column, and come back as they were."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from sqlalchemy import Connection, text

from rules.reasons import Priority
from services.database.encoding import json_text
from services.database.unnest import Integer, Json, Jsonb, SmallInteger, Unnest, json_list


class _Row(NamedTuple):
    name: str | None
    fits: bool
    number: int
    share: float
    price: Decimal
    row_id: UUID | None
    at: datetime
    day: date
    content: bytes
    members: Jsonb | None
    document: Json
    small: SmallInteger
    whole: Integer
    priority: Priority


ROWS = [
    _Row("a", True, 2**40, 0.5, Decimal("1.50"), UUID(int=7), datetime(2026, 1, 1, tzinfo=UTC), date(2026, 2, 28),
         b"\0\xff", '{"b": 1}', '{"b":  2}', 3, 4, Priority.URGENT),
    _Row(None, False, 0, -1.5, Decimal(0), None, datetime(2026, 1, 2, tzinfo=UTC), date(2026, 3, 1),
         b"", None, "[]", 0, 0, Priority.LOW),
]  # fmt: skip


def returned(connection: Connection, rows: list[_Row]) -> list[tuple[Any, ...]]:
    unnest = Unnest(_Row)
    statement = text(f"SELECT {unnest.columns} FROM {unnest.table} WHERE n.number >= :least")
    return [tuple(row) for row in connection.execute(statement, unnest.parameters(rows, least=0))]


def test_every_kind_of_column_comes_back_as_it_was_sent(connection: Connection) -> None:
    with_parsed_json = [(*row[:9], *parsed, row.small, row.whole, row.priority)
                        for row, parsed in zip(ROWS, [({"b": 1}, {"b": 2}), (None, [])], strict=True)]  # fmt: skip
    rows = [(*row[:8], bytes(row[8]), *row[9:]) for row in returned(connection, ROWS)]
    assert rows == with_parsed_json


def test_the_types_are_those_of_the_annotations(connection: Connection) -> None:
    unnest = Unnest(_Row)
    types = ", ".join(f"CAST(pg_typeof({name}) AS text)" for name in unnest.columns.split(", "))
    row = connection.execute(text(f"SELECT {types} FROM {unnest.table}"), unnest.parameters(ROWS[:1])).one()
    assert tuple(row) == (
        *("text", "boolean", "bigint", "double precision", "numeric", "uuid", "timestamp with time zone", "date"),
        *("bytea", "jsonb", "json", "smallint", "integer", "text"),
    )


def test_no_rows_are_no_rows(connection: Connection) -> None:
    assert returned(connection, []) == []


def test_a_row_of_one_column_is_a_row(connection: Connection) -> None:
    class Single(NamedTuple):
        name: str

    unnest = Unnest(Single)
    statement = text(f"SELECT name FROM {unnest.table}")
    assert list(connection.execute(statement, unnest.parameters([Single("a"), Single("b")])).scalars()) == ["a", "b"]


def test_an_annotation_that_is_no_sql_type_is_named() -> None:
    class Wrong(NamedTuple):
        names: list[str]

    with pytest.raises(TypeError, match="annotate it"):
        Unnest(Wrong)


@pytest.mark.parametrize("rows", [[], ROWS[:1], ROWS[1:], ROWS[1:] * 3], ids=["none", "one", "one null", "nulls"])
def test_any_number_of_rows_comes_back(connection: Connection, rows: list[_Row]) -> None:
    assert len(returned(connection, rows)) == len(rows)


def test_what_json_can_say_comes_back(connection: Connection) -> None:
    said = {"quotes": 'it\'s "so"', "back": "\\ \\x1f \x1f \n", "letters": "Ω ع 🔥", "arrays": ["{a,b}", None, "NULL"]}
    rows = [ROWS[0]._replace(members=json_text(said), document=json.dumps(said, indent=2))] * 2
    assert [(row[9], row[10]) for row in returned(connection, rows)] == [(said, said)] * 2


def test_what_would_divide_a_list_is_refused() -> None:
    with pytest.raises(ValueError, match="control character"):
        json_list(["{}", '"\x1f"'])
    with pytest.raises(ValueError, match="control character"):
        json_list(["\x1f"])
