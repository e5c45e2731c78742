"""The shape of the assistant's tables as it was at the last migration, while all was well."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, text

from models.base import SCHEMA

IS_THERE = text(f"SELECT to_regclass('{SCHEMA}.settings') IS NOT NULL")
MAY_READ = text(f"SELECT has_table_privilege('{SCHEMA}.settings', 'SELECT')")
REMEMBERED = text("SELECT value FROM escalation.settings WHERE key = 'shape'")


def remembered_shape(connection: Connection) -> Mapping[str, Any] | None:
    """The tables by name; None when the database was never adopted."""
    shape: Mapping[str, Any] | None = None
    if connection.execute(IS_THERE).scalar():
        shape = connection.execute(REMEMBERED).scalar()
    return shape


def remembered_columns(connection: Connection) -> dict[str, frozenset[str]]:
    """The names of the columns that can be made again as they were, by table."""
    # Whoever may not read it is told so by the check of the rights.
    if not connection.execute(IS_THERE).scalar() or not connection.execute(MAY_READ).scalar():
        return {}
    shape = remembered_shape(connection) or {}
    return {name: frozenset(column["name"] for column in table["columns"]) for name, table in shape.items()}
