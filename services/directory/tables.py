"""Reading ABParts' own tables as far as they are there and we may: a missing one must not stop a ticket."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Column, ColumnElement, Connection, Date, DateTime, RowMapping, Table, case, func, null, select

from services.database.calendar import EARLIEST, LATEST
from services.database.prepared import prepared
from services.database.quick import run

Readable = Mapping[str, frozenset[str]]

# Asked in the same transaction: a failed statement would take the ticket with it.
_READABLE = """
    SELECT n.name, array_agg(CAST(a.attname AS text)) AS columns
    FROM unnest(CAST(:tables AS text[])) AS n (name)
    JOIN pg_attribute AS a ON a.attrelid = to_regclass('public.' || n.name) AND a.attnum > 0 AND NOT a.attisdropped
    WHERE has_column_privilege(a.attrelid, a.attnum, 'SELECT')
    GROUP BY n.name
"""
_FIND_READABLE = prepared(_READABLE)
# The same in the first row of another statement, which spares a round trip; `as_readable` reads it.
READABLE_COLUMN: Final = f"""
    CASE WHEN row_number() OVER () = 1 THEN (SELECT json_object_agg(name, columns) FROM ({_READABLE}) AS r) END
"""


def find_readable(connection: Connection, *tables: Table) -> Readable:
    """The columns of these tables that exist and that we may read, by the table's name."""
    rows = run(connection, _FIND_READABLE, readable_parameters(*tables))
    return {name: frozenset(columns) for name, columns in rows}


def readable_parameters(*tables: Table) -> dict[str, list[str]]:
    """What a statement with READABLE_COLUMN is given."""
    return {"tables": [table.name for table in tables]}


def as_readable(found: Mapping[str, Sequence[str]] | None) -> Readable:
    """What READABLE_COLUMN has found, as `find_readable` tells it."""
    return {name: frozenset(columns) for name, columns in (found or {}).items()}


def select_rows(connection: Connection, known: Readable, table: Table, ids: Collection[UUID]) -> Sequence[RowMapping]:
    """The rows with these ids; a column that cannot be read is None."""
    columns = known.get(table.name, frozenset())
    if not ids or "id" not in columns:
        return ()
    return connection.execute(select(*_select_readable(table, columns)).where(table.c.id.in_(ids))).mappings().all()


@dataclass(frozen=True, slots=True)
class NewestRows:
    """What `select_newest` reads: for each value of `key` the newest rows by the column `by`, at most `limit`."""

    table: Table
    key: str
    by: str
    limit: int


def select_newest(
    connection: Connection, known: Readable, wanted: NewestRows, ids: Collection[UUID]
) -> Sequence[RowMapping]:
    """Read the newest rows of each id, the newest first."""
    table = wanted.table
    columns = known.get(table.name, frozenset())
    if not ids or not columns.issuperset({wanted.key, wanted.by}):
        return ()
    key = table.c[wanted.key]
    place = func.row_number().over(partition_by=key, order_by=table.c[wanted.by].desc()).label("place")
    rows = select(*_select_readable(table, columns), place).where(key.in_(ids), _is_showable(table.c[wanted.by]))
    ranked = rows.subquery()
    newest = select(ranked).where(ranked.c.place <= wanted.limit).order_by(ranked.c[wanted.key], ranked.c.place)
    return connection.execute(newest).mappings().all()


def _select_readable(table: Table, columns: frozenset[str]) -> list[ColumnElement[Any]]:
    return [_showable(column) if column.name in columns else null().label(column.name) for column in table.c]


_TIMES: Final[dict[type[Any], tuple[Any, Any]]] = {
    Date: (date.min, date.max),
    DateTime: (EARLIEST, LATEST),
}


def _showable(column: Column[Any]) -> ColumnElement[Any]:
    """The column's value; NULL for a time that nobody can mean, such as the year 20266."""
    if type(column.type) not in _TIMES:
        return column
    return case((_is_showable(column), column)).label(column.name)


def _is_showable(column: Column[Any]) -> ColumnElement[bool]:
    return column.between(*_TIMES[type(column.type)])


def parse_uuids(ids: Iterable[str]) -> dict[str, UUID]:
    """The ids that are UUIDs, in any spelling; ABParts' sessions hold them as text, and other text as well."""
    known: dict[str, UUID] = {}
    for given in ids:
        try:
            known[given] = UUID(given)
        except ValueError:
            continue
    return known
