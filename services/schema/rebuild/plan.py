"""What a rebuild would do, and what it cannot know; reads only."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection, text

from rules.explanation import counted
from services.schema.check import compare
from services.schema.introspection import Difference, DifferenceKind
from services.schema.rebuild.audit_rows import deleted_rows, erased_rows, lost_rows, repaired_rows, vanished_rows
from services.schema.rebuild.columns import ColumnPlan, lost_columns
from services.schema.rebuild.own_rows import unknown_rows
from services.schema.rebuild.table_state import LOST_ROWS, Fate, TableState, table_states

_CONSTRAINTS = text("""
    SELECT format('%I.%I', n.nspname, c.relname) AS name, k.conname
    FROM pg_constraint AS k JOIN pg_class AS c ON c.oid = k.conrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE k.contype = 'f'
""")


@dataclass(frozen=True, slots=True)
class _Reference:
    """A foreign key from or to one of the assistant's tables."""

    table: str
    name: str
    definition: str

    def add(self) -> str:
        # What is there already is looked at afterwards, without holding off writers meanwhile.
        unchecked = "" if self.definition.endswith(" NOT VALID") else " NOT VALID"
        return f'ALTER TABLE {self.table} ADD CONSTRAINT "{self.name}" {self.definition}{unchecked}'

    def validate(self) -> str:
        return f'ALTER TABLE {self.table} VALIDATE CONSTRAINT "{self.name}"'


class TableMismatch(Exception):
    """A table that is there has not the shape that the rows need."""

    def __init__(self, differences: Sequence[Difference]) -> None:
        super().__init__("\n".join(map(str, differences)))
        self.differences = tuple(differences)


@dataclass(frozen=True, slots=True)
class TablePlan:
    """A table: what became of it, and how many rows are known from where."""

    state: TableState
    from_log: int
    from_own: int
    deleted: int
    vanished: int
    repaired: int
    erased: int

    @property
    def nothing_to_do(self) -> bool:
        return self.state.fate in {Fate.WHOLE, Fate.TRUNCATED} and not self.from_log + self.from_own


@dataclass(frozen=True, slots=True)
class Plan:
    """All tables in the order in which they are restored, columns and foreign keys that went, what cannot be known."""

    tables: tuple[TablePlan, ...]
    columns: tuple[ColumnPlan, ...]
    references: tuple[str, ...]
    unknown: tuple[str, ...]

    @property
    def nothing_to_do(self) -> bool:
        return all(table.nothing_to_do for table in self.tables) and not self.columns and not self.references


def make_plan(connection: Connection) -> Plan:
    """Find out what was lost and what of it is known.

    :raises NothingRemembered: the database was never adopted
    :raises Unfit: a table was made again in another shape
    """
    states = table_states(connection)
    differences = compare(connection)
    if unfit := [difference for difference in differences if difference.kind is DifferenceKind.SHAPE]:
        raise TableMismatch(unfit)
    columns = lost_columns(
        connection, states, {difference.place for difference in differences if difference.kind is DifferenceKind.LOST}
    )
    states = [_with_columns(state, columns) for state in states]
    tables = tuple(_table_plan(connection, state) for state in states)
    references = tuple(f"{reference.name} of {reference.table}" for reference in missing_references(connection, states))
    return Plan(tables, columns, references, (*unknown(tables), *_unknown_of_columns(columns)))


def missing_references(connection: Connection, states: Sequence[TableState]) -> list[_Reference]:
    """The foreign keys that were there and are not, each once."""
    remembered = {_Reference(**reference) for state in states for reference in state.shape["references"]}
    present = {(row.name, row.conname) for row in connection.execute(_CONSTRAINTS)}
    missing = [reference for reference in remembered if (reference.table, reference.name) not in present]
    return sorted(missing, key=lambda reference: (reference.table, reference.name))


def _with_columns(state: TableState, columns: Sequence[ColumnPlan]) -> TableState:
    """They are added before any row is written, so the rows have them too."""
    added = {plan.column.name for plan in columns if plan.column.table == state.name} | set(state.columns)
    return replace(state, columns=tuple(column["name"] for column in state.shape["columns"] if column["name"] in added))


def _table_plan(connection: Connection, state: TableState) -> TablePlan:
    return TablePlan(
        state=state,
        from_log=lost_rows(connection, state),
        from_own=len(unknown_rows(connection, state)),
        deleted=deleted_rows(connection, state),
        vanished=vanished_rows(connection, state),
        repaired=repaired_rows(connection, state),
        erased=erased_rows(connection, state),
    )


def unknown(tables: Sequence[TablePlan]) -> Iterator[str]:
    """What nobody can tell any more."""
    if any(table.state.fate in LOST_ROWS and not table.nothing_to_do for table in tables):
        yield (
            "ai_messages, troubleshooting_steps: rows that went with them are not on record; what was said in sessions "
            "that the worker saw stays in its inbox, and in its tickets."
        )
        yield "Changes that PostgreSQL's own log warns of: escalation.audit_log could not record them."
    for table in tables:
        yield from _unknown_of_table(table)


def _unknown_of_table(table: TablePlan) -> Iterator[str]:
    name = table.state.name
    if table.state.audited and table.state.fate in {Fate.REPLACED, Fate.UNWATCHED}:
        yield f"{name}: what was changed or deleted while the table had no audit triggers."
    if table.vanished:
        yield f"{name}: who took {table.vanished} rows away unrecorded. They are not restored."
    if table.erased:
        yield f"{name}: what {table.erased} rows held that were erased on request. They stay erased."
    if table.repaired:
        yield f"{name}: letters of {table.repaired} rows that no text can hold; they are replaced by U+FFFD."
    yield from _unknown_of_own(table)


def _unknown_of_columns(columns: Sequence[ColumnPlan]) -> Iterator[str]:
    for plan in columns:
        if plan.unknown:
            table, name = plan.column.table, plan.column.name
            yield (
                f"{table}: what {counted(plan.unknown, 'row')} held in column {name}. It stays null there, and may be "
                f"null, until somebody fills it: SELECT id FROM {table} WHERE {name} IS NULL."
            )


def _unknown_of_own(table: TablePlan) -> Iterator[str]:
    if not table.from_own:
        return
    told = {
        "ai_sessions": "the times and metadata of {count} sessions that only the worker's own tables know",
        "support_tickets": "notes, contacts and machine of {count} tickets that only the worker's own tables know; "
        "their status and priority are as last seen",
        "escalation_triggers": "whether {count} triggers that only the worker's own tables know had been changed",
    }[table.state.name]
    yield f"{table.state.name}: {told.format(count=table.from_own)}."
