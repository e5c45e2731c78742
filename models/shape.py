"""What the code needs of each shared table, as data: taken from the models, so that it cannot differ from them."""

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import JSON, Boolean, Column, Date, DateTime, Float, Integer, Numeric, String, Table, Uuid

from models import abparts, shared
from models.audit import AUDITED
from models.metadata import SHARED
from models.remembered import SHARED_TABLES

MODULES: Final = (abparts, shared)

TEXT = ("character varying", "text")
# Whatever PostgreSQL converts without being asked is as good; the first one is what is recommended.
ACCEPTED: Final[dict[type[Any], tuple[str, ...]]] = {
    Uuid: ("uuid",),
    JSON: ("json", "jsonb"),
    Boolean: ("boolean",),
    Date: ("date",),
    Float: ("double precision", "real", "numeric"),
    Integer: ("integer", "bigint", "smallint"),
    Numeric: ("numeric", "double precision", "real"),
    String: TEXT,
}
# The longest value that the worker writes into a column; None: as long as it gets.
LONGEST: Final[dict[str, int | None]] = {
    "id": 36, "session_id": 36, "user_id": 36, "machine_id": 36, "assigned_expert_id": 36,
    "language": 2, "status": 11, "priority": 6, "ticket_number": 20, "trigger_type": 15, "escalation_decision": 13,
    "escalation_reason": None, "session_summary": None, "resolution_notes": None, "decision_reason": None,
}  # fmt: skip
INSERTED: Final = frozenset(AUDITED)
UPDATED: Final[dict[str, tuple[str, ...]]] = {
    "ai_sessions": ("status", "updated_at"),
    "support_tickets": (
        "priority", "status", "escalation_reason", "session_summary", "expert_contact_info", "resolution_notes",
        "assigned_expert_id", "updated_at", "resolved_at",
    ),
}  # fmt: skip
# An enum is read like any text, as long as the worker neither writes nor compares it.
ENUMS: Final = frozenset({"organization_type", "country", "role", "status", "maintenance_type"})


@dataclass(frozen=True, slots=True)
class ColumnNeed:
    """A column: the types that do, whether it must be filled, and the least length that it must take."""

    name: str
    types: tuple[str, ...]
    enum: bool
    required: bool
    length: int | None


@dataclass(frozen=True, slots=True)
class TableNeed:
    """A table of ABParts: its columns, and what the worker does with it beyond reading.

    `own` tables of the assistant are made when they are missing; without the others a ticket says what is unknown.
    """

    name: str
    columns: tuple[ColumnNeed, ...]
    unique: tuple[str, ...]
    own: bool
    inserted: bool
    updated: tuple[str, ...]


def accepted(column: Column[Any]) -> tuple[str, ...]:
    if isinstance(column.type, DateTime):
        return (f"timestamp {'with' if column.type.timezone else 'without'} time zone",)
    return next(types for kind, types in ACCEPTED.items() if isinstance(column.type, kind))


def column_need(table: Table, column: Column[Any]) -> ColumnNeed:
    assistants = table.name in SHARED_TABLES
    return ColumnNeed(
        name=column.name,
        types=accepted(column),
        enum=not assistants and column.name in ENUMS,
        required=assistants and not column.nullable,
        length=LONGEST.get(column.name) if table.name in INSERTED else 0,
    )


def table_need(table: Table) -> TableNeed:
    return TableNeed(
        name=table.name,
        columns=tuple(column_need(table, column) for column in table.columns),
        unique=tuple(column.name for column in table.columns if column.unique and table.name in SHARED_TABLES),
        own=table.name in SHARED_TABLES,
        inserted=table.name in INSERTED,
        updated=UPDATED.get(table.name, ()),
    )


def needs() -> dict[str, TableNeed]:
    """Every shared table, the assistant's first."""
    tables = sorted(SHARED.tables.values(), key=lambda table: table.name not in SHARED_TABLES)
    return {table.name: table_need(table) for table in tables}
