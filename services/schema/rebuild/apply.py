"""Carries a rebuild out, in the caller's transaction: all of it or nothing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, TextClause, text
from sqlalchemy.exc import DBAPIError

from models.audit import ACTIONS, trigger_name, trigger_statements
from models.remembered import REMEMBER_SHAPE
from services.database.errors import described
from services.schema.protection import keep_protected
from services.schema.rebuild.audit_rows import record_unseen, restore_rows
from services.schema.rebuild.columns import add, fill, finish
from services.schema.rebuild.own_rows import restore_own
from services.schema.rebuild.plan import Plan, make_plan, missing_references
from services.schema.rebuild.table_state import LOST_ROWS, Fate, TableState

_WHO = text("SELECT set_config('escalation.actor', 'rebuild', true), set_config('lock_timeout', '10s', true)")
_QUOTE = text("SELECT quote_ident(:name)")
_IS_THERE = text("SELECT to_regclass(:name) IS NOT NULL")


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
    for statement in _list_belongings(connection, states):
        _try_to(connection, report, statement)
    keep_protected(connection)
    if not report.refused:
        connection.execute(text(REMEMBER_SHAPE))
    return report


def _make_table(connection: Connection, state: TableState) -> None:
    if state.fate is Fate.DROPPED:
        for statement in _create_table(state):
            connection.execute(_literal(statement))
    if state.audited and state.fate in {Fate.DROPPED, Fate.REPLACED, Fate.UNWATCHED}:
        for statement in _add_triggers(state):
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
        if not connection.execute(_IS_THERE, {"name": reference.table}).scalar_one():
            report.refused.append((reference.add(), f"{reference.table} is missing too"))
        elif _try_to(connection, report, reference.add()):
            _try_to(connection, report, reference.validate())


def _try_to(connection: Connection, report: RebuildReport, statement: str) -> bool:
    """Run a statement that may fail without harm to the others; the report says what PostgreSQL had against it."""
    try:
        with connection.begin_nested():
            connection.execute(_literal(statement))
    except DBAPIError as error:
        report.refused.append((statement, described(error)))
        return False
    return True


def _create_table(state: TableState) -> Iterator[str]:
    """The table with its columns, keys and indexes; no foreign keys yet."""
    columns = ", ".join(_column_definition(**column) for column in state.shape["columns"])
    yield f"CREATE TABLE public.{state.name} ({columns})"
    for constraint in state.shape["constraints"]:
        yield f'ALTER TABLE public.{state.name} ADD CONSTRAINT "{constraint["name"]}" {constraint["definition"]}'
    yield from state.shape["indexes"]


def _column_definition(name: str, type: str, required: bool, default: str | None) -> str:
    return f'"{name}" {type}{f" DEFAULT {default}" if default else ""}{" NOT NULL" if required else ""}'


def _add_triggers(state: TableState) -> Iterator[str]:
    """Our audit triggers, whatever is left of them."""
    for action in ACTIONS:
        yield f"DROP TRIGGER IF EXISTS {trigger_name(action)} ON public.{state.name}"
    yield from trigger_statements(state.name)


def _list_belongings(connection: Connection, states: Sequence[TableState]) -> Iterator[str]:
    """Triggers of others, grants and owners of tables that were dropped; the owner last, who takes our rights away."""
    dropped = [state for state in states if state.fate is Fate.DROPPED]
    for state in dropped:
        yield from state.shape["triggers"]
    for state in dropped:
        yield from state.shape["grants"]
    for state in dropped:
        owner = connection.execute(_QUOTE, {"name": state.shape["owner"]}).scalar_one()
        yield f"ALTER TABLE public.{state.name} OWNER TO {owner}"


def _literal(statement: str) -> TextClause:
    """A statement of PostgreSQL's own making: no colon in it means a parameter."""
    return text(statement.replace(":", r"\:"))
