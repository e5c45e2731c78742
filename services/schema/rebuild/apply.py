"""Carries a rebuild out, in the caller's transaction: all of it or nothing."""

from dataclasses import dataclass, field

from sqlalchemy import Connection, text

from models.remembered import REMEMBER_SHAPE
from services.schema.protection import keep_protected
from services.schema.rebuild.audit_rows import record_unseen, restore_rows
from services.schema.rebuild.columns import add, fill, finish
from services.schema.rebuild.ddl import (
    attempt,
    belongings,
    create,
    literal,
    missing_references,
    table_is_there,
    watch,
)
from services.schema.rebuild.own_rows import restore_own
from services.schema.rebuild.plan import Plan, make_plan
from services.schema.rebuild.table_state import LOST_ROWS, Fate, TableState

_WHO = text("SELECT set_config('escalation.actor', 'rebuild', true), set_config('lock_timeout', '10s', true)")


@dataclass(slots=True)
class RebuildReport:
    """What was done: rows written by table, rows filled by column, and statements that somebody else has to run."""

    plan: Plan
    written: dict[str, int] = field(default_factory=dict)
    filled: dict[str, int] = field(default_factory=dict)
    refused: list[tuple[str, str]] = field(default_factory=list)

    @property
    def left_out(self) -> dict[str, int]:
        """Rows that were known and could not be written: their session is gone, or their number or id is taken."""
        planned = {table.state.name: table.from_log + table.from_own for table in self.plan.tables}
        missing = {name: planned[name] - count for name, count in self.written.items()}
        return {name: count for name, count in missing.items() if count}


def rebuild(connection: Connection) -> RebuildReport:
    """Restore dropped tables and columns, and truncated tables; rows that were deleted one by one stay deleted.

    :raises NothingRemembered: the database was never adopted
    :raises Unfit: a table was made again in another shape
    """
    report = RebuildReport(make_plan(connection))
    connection.execute(_WHO)
    states = [table.state for table in report.plan.tables if not table.nothing_to_do]
    for state in states:
        _make_table(connection, state)
    for column_plan in report.plan.columns:
        add(connection, column_plan.column)
    # Every table exists now and records what happens to it.
    for state in states:
        report.written[state.name] = _restore(connection, state)
    for column_plan in report.plan.columns:
        report.filled[str(column_plan.column)] = fill(connection, column_plan.column)
    _make_references(connection, report)
    for statement in finish(connection, report.plan.columns):
        _try_to(connection, report, statement)
    for statement in belongings(connection, states):
        _try_to(connection, report, statement)
    keep_protected(connection)
    if not report.refused:
        connection.execute(text(REMEMBER_SHAPE))
    return report


def _make_table(connection: Connection, state: TableState) -> None:
    if state.fate is Fate.DROPPED:
        for statement in create(state):
            connection.execute(literal(statement))
    if state.audited and state.fate in {Fate.DROPPED, Fate.REPLACED, Fate.UNWATCHED}:
        for statement in watch(state):
            connection.execute(text(statement))
    if state.audited and state.fate in {Fate.REPLACED, Fate.UNWATCHED}:
        record_unseen(connection, state)


def _restore(connection: Connection, state: TableState) -> int:
    if not state.audited or state.fate not in LOST_ROWS:
        return 0
    return restore_rows(connection, state) + restore_own(connection, state)


def _make_references(connection: Connection, report: RebuildReport) -> None:
    """Foreign keys again; where rows refer to what is gone, the key holds for new rows only."""
    states = [table.state for table in report.plan.tables]
    for reference in missing_references(connection, states):
        if not table_is_there(connection, reference):
            report.refused.append((reference.add(), f"{reference.table} is missing too"))
        elif _try_to(connection, report, reference.add()):
            _try_to(connection, report, reference.validate())


def _try_to(connection: Connection, report: RebuildReport, statement: str) -> bool:
    if refusal := attempt(connection, statement):
        report.refused.append((statement, refusal))
    return refusal is None
