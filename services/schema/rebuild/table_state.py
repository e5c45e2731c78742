"""What became of each table since the database was adopted."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, text

from models.audit import AUDITED
from models.remembered import SHARED_TABLES
from services.schema.introspection import LiveTable, read_tables, remembered_shape


class Fate(StrEnum):
    """What happened to a table, in words."""

    WHOLE = "whole"
    DROPPED = "dropped"
    REPLACED = "dropped, made again"
    UNWATCHED = "lost its triggers"
    TRUNCATED = "truncated"


# In these cases rows went without being deleted one by one.
LOST_ROWS = frozenset({Fate.DROPPED, Fate.REPLACED, Fate.TRUNCATED})


class NothingRemembered(Exception):
    """The database was never adopted, so there is nothing to restore from."""


@dataclass(frozen=True, slots=True)
class TableState:
    """A table's fate, its shape as it was, and the log's last entry that counts as lost (`before` is the one after)."""

    name: str
    fate: Fate
    shape: Mapping[str, Any]
    before: int
    columns: tuple[str, ...]

    @property
    def exists(self) -> bool:
        return self.fate is not Fate.DROPPED

    @property
    def audited(self) -> bool:
        return self.name in AUDITED


_NO_END = 2**63 - 1
_OIDS = text("""
    SELECT n.name, CAST(CAST(to_regclass('public.' || n.name) AS oid) AS bigint) AS oid
    FROM unnest(CAST(:names AS text[])) AS n (name)
""")
_TRUNCATES = text("""
    SELECT table_name, max(audit_id) AS audit_id FROM escalation.audit_log WHERE action = 'truncate'
    GROUP BY table_name
""")


def _read_remembered(connection: Connection) -> Mapping[str, Any]:
    """The tables' shape as it was when all was well.

    :raises NothingRemembered: there is none
    """
    shape = remembered_shape(connection)
    if shape is None:
        raise NothingRemembered("nothing is remembered of this database: it was never migrated (`db migrate`)")
    return shape


def table_states(connection: Connection) -> list[TableState]:
    """The assistant's tables in the order in which they refer to each other."""
    shapes = _read_remembered(connection)
    live = read_tables(connection, SHARED_TABLES)
    oids = {row.name: row.oid for row in connection.execute(_OIDS, {"names": list(SHARED_TABLES)})}
    truncates = {row.table_name: row.audit_id for row in connection.execute(_TRUNCATES)}
    return [_make_state(name, shapes[name], live.get(name), oids[name], truncates.get(name)) for name in SHARED_TABLES]


def _make_state(
    name: str, shape: Mapping[str, Any], table: LiveTable | None, oid: int | None, truncated: int | None
) -> TableState:
    fate = _fate_of(name, shape, table, oid, truncated)
    known = [column["name"] for column in shape["columns"]]
    return TableState(
        name=name,
        fate=fate,
        shape=shape,
        before=truncated or 0 if fate is Fate.TRUNCATED else _NO_END,
        columns=tuple(column for column in known if table is None or column in table.columns),
    )


def _fate_of(
    name: str, shape: Mapping[str, Any], table: LiveTable | None, oid: int | None, truncated: int | None
) -> Fate:
    if table is None:
        return Fate.DROPPED
    if name in AUDITED and not table.audited:
        return Fate.UNWATCHED if oid == shape["oid"] else Fate.REPLACED
    return Fate.TRUNCATED if truncated else Fate.WHOLE
