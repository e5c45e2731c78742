"""Reading ABParts' own tables as far as they are there and we may: a missing one must not stop a ticket."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, FromClause, RowMapping, Select, func, null, select, text

from models.base import SharedBase

Readable = Mapping[str, frozenset[str]]

# Asked in the same transaction: a failed statement would take the ticket with it.
_READABLE = text("""
    SELECT n.name, array_agg(CAST(a.attname AS text)) AS columns
    FROM unnest(CAST(:tables AS text[])) AS n (name)
    JOIN pg_attribute AS a ON a.attrelid = to_regclass('public.' || n.name) AND a.attnum > 0 AND NOT a.attisdropped
    WHERE has_column_privilege(a.attrelid, a.attnum, 'SELECT')
    GROUP BY n.name
""")


def readable(connection: Connection, *models: type[SharedBase]) -> Readable:
    """The columns of these tables that exist and that we may read, by the table's name."""
    rows = connection.execute(_READABLE, {"tables": [model.__tablename__ for model in models]})
    return {row.name: frozenset(row.columns) for row in rows}


def rows_of(
    connection: Connection, known: Readable, model: type[SharedBase], key: str, ids: Collection[UUID]
) -> Sequence[RowMapping]:
    """The rows whose `key` is one of the ids; a column that cannot be read is None."""
    columns = known.get(model.__tablename__, frozenset())
    if not ids or key not in columns:
        return ()
    table = model.__table__
    return connection.execute(select(*_tolerant(table, columns)).where(table.c[key].in_(ids))).mappings().all()


def newest_of(
    connection: Connection,
    known: Readable,
    model: type[SharedBase],
    key: str,
    ids: Collection[UUID],
    by: str,
    most: int,
) -> Sequence[RowMapping]:
    """For each id its newest rows by the column `by`, the newest first and at most so many."""
    columns = known.get(model.__tablename__, frozenset())
    if not ids or not columns.issuperset({key, by}):
        return ()
    return connection.execute(_newest_first(model.__table__, columns, key, ids, by, most)).mappings().all()


def _newest_first(
    table: FromClause, columns: frozenset[str], key: str, ids: Collection[UUID], by: str, most: int
) -> Select[Any]:
    place = func.row_number().over(partition_by=table.c[key], order_by=table.c[by].desc()).label("place")
    ranked = select(*_tolerant(table, columns), place).where(table.c[key].in_(ids)).subquery()
    return select(ranked).where(ranked.c.place <= most).order_by(ranked.c[key], ranked.c.place)


def _tolerant(table: FromClause, columns: frozenset[str]) -> list[ColumnElement[Any]]:
    return [column if column.name in columns else null().label(column.name) for column in table.c]


def uuids_of(ids: Iterable[str]) -> dict[str, UUID]:
    """The ids that are UUIDs, in any spelling; ABParts' sessions hold them as text, and other text as well."""
    known: dict[str, UUID] = {}
    for one in ids:
        try:
            known[one] = UUID(one)
        except ValueError:
            continue
    return known
