"""What a database error means for the batch that met it."""

from enum import Enum
from typing import Any

from sqlalchemy.exc import DBAPIError, PendingRollbackError, TimeoutError

from models.metadata import SHARED

# Classes of SQLSTATE that have nothing to do with content: connections, a server that only reads, a schema, table or
# right that is missing, resources, interventions, the system itself.
_NOT_CONTENT = frozenset({"08", "25", "3F", "42", "53", "57", "58", "XX"})
_NOT_NULL = "23502"


class DatabaseFailure(Enum):
    """Whose fault it is, and so what to do."""

    RETRY = "a serialization failure or deadlock: the same again"
    LOCKED = "a row is held by somebody else: that session later, the others now"
    DEMANDED = (
        "a table of ABParts' demands a value that the worker has not: sessions that write it later, the others now"
    )
    INFRASTRUCTURE = "no connection, no space, a table that is missing or not to be written: everything later"
    CONTENT = "this content can never be written: set it aside"


def classify_failure(error: Exception) -> DatabaseFailure:
    """The class of an error; of PostgreSQL's by its SQLSTATE (PostgreSQL manual, appendix A)."""
    if isinstance(error, (TimeoutError, PendingRollbackError)):
        return DatabaseFailure.INFRASTRUCTURE  # no free connection in the pool, or one that was lost and used again
    if not isinstance(error, DBAPIError):
        return DatabaseFailure.CONTENT
    state = getattr(error.orig, "pgcode", None)
    if error.connection_invalidated or not state or state[:2] in _NOT_CONTENT:
        return DatabaseFailure.INFRASTRUCTURE
    if state == _NOT_NULL and _is_changed_column(error.orig):
        return DatabaseFailure.DEMANDED
    if state == "55P03":
        return DatabaseFailure.LOCKED
    return DatabaseFailure.RETRY if state.startswith("40") else DatabaseFailure.CONTENT


def _is_changed_column(error: Any) -> bool:
    """A column that ABParts has added, or that could be empty before: no event's content is to blame."""
    table = SHARED.tables.get(f"{error.diag.schema_name}.{error.diag.table_name}")
    if table is None:
        return False
    column = table.columns.get(error.diag.column_name)
    return column is None or bool(column.nullable)


def described(error: Exception) -> str:
    """One line on an error, without the statement and its values."""
    original = error.orig if isinstance(error, DBAPIError) else error
    return f"{type(original).__name__}: {str(original).strip().splitlines()[0] if str(original).strip() else ''}"
