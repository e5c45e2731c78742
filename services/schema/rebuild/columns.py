"""Columns that were dropped, or added again by hand without what they held: what they were, and what is known of it."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Connection, TextClause, text

from models.remembered import SHARED_TABLES
from services.schema.rebuild.audit_rows import CONTENT
from services.schema.rebuild.own_rows import Which, known_sessions, known_tickets, known_triggers, with_summaries
from services.schema.rebuild.table_state import TableState

_FINDERS: Final = {
    "ai_sessions": ("id", known_sessions),
    "support_tickets": ("ticket_id", known_tickets),
    "escalation_triggers": ("id", known_triggers),
}
# The column, and the name under which our own records hold the same.
_SAME: Final = {
    "ai_sessions": {
        "user_id": "user_id", "machine_id": "machine_id", "language": "language", "created_at": "at",
        "updated_at": "at",
    },
    "support_tickets": {
        "session_id": "session_id", "ticket_number": "ticket_number", "priority": "priority", "status": "status",
        "escalation_reason": "reason", "session_summary": "summary", "assigned_expert_id": "assigned",
        "created_at": "at", "updated_at": "at",
    },
    "escalation_triggers": {
        "session_id": "session_id", "trigger_type": "type", "trigger_value": "value", "triggered_at": "at",
        "decision_reason": "told",
    },
}  # fmt: skip


def _own_values(connection: Connection, table: str, column: str, ids: Collection[str]) -> dict[str, Any]:
    """The column's value by the row's id, for those of these rows that our own records know."""
    name = _SAME.get(table, {}).get(column)
    if name is None or not ids:
        return {}
    key, find = _FINDERS[table]
    rows = find(connection, Which("{key} = ANY(CAST(:ids AS text[]))", {"ids": list(ids)}))
    if name == "summary":
        rows = with_summaries(connection, rows)
    return {row[key]: value(row, name) for row in rows}


def value(row: Mapping[str, Any], name: str) -> Any:
    """Times as ABParts has them: in UTC, without a zone; evidence has them as texts."""
    found = row[name]
    if name == "at" and isinstance(found, str):
        return datetime.fromisoformat(found).astimezone(UTC).replace(tzinfo=None)
    return found


# The newest row on record that has the column: rows that were written after it was dropped have it no more.
_KNOWN = f"""
    WITH known AS (
        SELECT DISTINCT ON (row_id) row_id, content FROM (
            SELECT row_id, audit_id, action, {CONTENT} AS content FROM escalation.audit_log AS lost
            WHERE table_name = :table AND row_id IS NOT NULL AND new IS NOT NULL) AS whole
        WHERE CASE WHEN CAST(:required AS boolean) THEN json_typeof(content -> :column) <> 'null'
              ELSE content -> :column IS NOT NULL END
        ORDER BY row_id, (action = 'baseline'), audit_id DESC
    ) """
_COUNT = "SELECT count(*) FROM {table} AS p JOIN known ON known.row_id = p.id WHERE {empty}"
_NOT_KNOWN = (
    "SELECT p.id FROM {table} AS p LEFT JOIN known ON known.row_id = p.id WHERE known.row_id IS NULL AND {empty}"
)
_FILL = """
    UPDATE {table} AS p SET {column} = r.{column} FROM known, json_populate_record(NULL::{table}, known.content) AS r
    WHERE known.row_id = p.id AND p.{column} IS NULL AND r.{column} IS NOT NULL"""
_FILL_ONE = "UPDATE {table} AS p SET {column} = :value WHERE p.id = :id AND p.{column} IS NULL"
_SHAPE = text("SELECT escalation.shape_of(CAST(:names AS text[]))")


@dataclass(frozen=True, slots=True)
class _LostColumn:
    """A column as it was; `exists`: it is there, but open to nulls or to the same value twice."""

    state: TableState
    name: str
    type: str
    required: bool
    default: str | None
    exists: bool

    @property
    def table(self) -> str:
        return self.state.name

    def __str__(self) -> str:
        return f"{self.table}.{self.name}"

    def statement(self, query: str, before: str = "") -> TextClause:
        # A column that is not there is empty in every row.
        empty = f'p."{self.name}" IS NULL' if self.exists else "true"
        return text(before + query.format(table=f"public.{self.table}", column=f'"{self.name}"', empty=empty))

    @property
    def given(self) -> dict[str, object]:
        return {"table": self.table, "column": self.name, "required": self.required}


@dataclass(frozen=True, slots=True)
class ColumnPlan:
    """A column, and how many of its empty rows are known from where."""

    column: _LostColumn
    from_log: int
    from_own: int
    unknown: int


def lost_columns(
    connection: Connection, states: Sequence[TableState], places: Collection[str]
) -> tuple[ColumnPlan, ...]:
    """The columns at these places (`public.table.column`), in the order of their tables."""
    columns = [
        _LostColumn(state, **column, exists=column["name"] in state.columns)
        for state in states
        for column in state.shape["columns"]
        if f"public.{state.name}.{column['name']}" in places
    ]
    return tuple(_column_plan(connection, column) for column in columns)


def _column_plan(connection: Connection, column: _LostColumn) -> ColumnPlan:
    from_log = connection.execute(column.statement(_COUNT, _KNOWN), column.given).scalar_one()
    ids = _not_known(connection, column)
    from_own = len(_own_values(connection, column.table, column.name, ids))
    return ColumnPlan(column, from_log, from_own, len(ids) - from_own if column.required else 0)


def _not_known(connection: Connection, column: _LostColumn) -> list[str]:
    """The empty rows that the log does not know."""
    return list(connection.execute(column.statement(_NOT_KNOWN, _KNOWN), column.given).scalars())


def add(connection: Connection, column: _LostColumn) -> None:
    """Without its default, which would fill what is on record."""
    if not column.exists:
        connection.execute(text(f'ALTER TABLE public.{column.table} ADD COLUMN "{column.name}" {column.type}'))


def fill(connection: Connection, column: _LostColumn) -> int:
    """Fill what is empty from the log, then from our own records; return how many rows were filled."""
    column = replace(column, exists=True)
    filled = connection.execute(column.statement(_FILL, _KNOWN), column.given).rowcount
    own = _own_values(connection, column.table, column.name, _not_known(connection, column))
    statement = column.statement(_FILL_ONE)
    return filled + sum(
        connection.execute(statement, {"id": key, "value": value}).rowcount for key, value in own.items()
    )


def finish(connection: Connection, columns: Sequence[ColumnPlan]) -> Iterator[str]:
    """What hung on the columns and is gone: default, NOT NULL, keys, indexes, triggers, grants."""
    shapes = connection.execute(_SHAPE, {"names": list(SHARED_TABLES)}).scalar_one()
    for plan in columns:
        yield from _belongings_of(plan.column, shapes[plan.column.table])


def _belongings_of(column: _LostColumn, now: Mapping[str, Any]) -> Iterator[str]:
    place, was = f"ALTER TABLE public.{column.table}", column.state.shape
    if column.default:
        yield f'{place} ALTER COLUMN "{column.name}" SET DEFAULT {column.default}'
    if column.required:
        yield f'{place} ALTER COLUMN "{column.name}" SET NOT NULL'
    there = {constraint["name"] for constraint in now["constraints"]}
    for key in was["constraints"]:
        if key["name"] not in there and names(key["definition"], column):
            yield f'{place} ADD CONSTRAINT "{key["name"]}" {key["definition"]}'
    for kind in ("indexes", "triggers", "grants"):
        yield from (definition for definition in was[kind] if definition not in now[kind] and names(definition, column))


def names(definition: str, column: _LostColumn) -> bool:
    return re.search(rf"(?<!\w){re.escape(column.name)}(?!\w)", definition) is not None
