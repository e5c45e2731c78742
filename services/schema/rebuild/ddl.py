"""The statements that make a table again as it was: its columns and keys, then what hangs on it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, TextClause, text
from sqlalchemy.exc import DBAPIError

from models.audit import ACTIONS, trigger_name, trigger_statements
from services.database.errors import described
from services.schema.rebuild.table_state import Fate, TableState

_QUOTE = text("SELECT quote_ident(:name)")
_CONSTRAINTS = text("""
    SELECT format('%I.%I', n.nspname, c.relname) AS name, k.conname
    FROM pg_constraint AS k JOIN pg_class AS c ON c.oid = k.conrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE k.contype = 'f'
""")
_IS_THERE = text("SELECT to_regclass(:name) IS NOT NULL")


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


def create(state: TableState) -> Iterator[str]:
    """The table with its columns, keys and indexes; no foreign keys yet."""
    columns = ", ".join(_column_definition(**column) for column in state.shape["columns"])
    yield f"CREATE TABLE public.{state.name} ({columns})"
    for constraint in state.shape["constraints"]:
        yield f'ALTER TABLE public.{state.name} ADD CONSTRAINT "{constraint["name"]}" {constraint["definition"]}'
    yield from state.shape["indexes"]


def _column_definition(name: str, type: str, required: bool, default: str | None) -> str:
    return f'"{name}" {type}{f" DEFAULT {default}" if default else ""}{" NOT NULL" if required else ""}'


def watch(state: TableState) -> Iterator[str]:
    """Our audit triggers, whatever is left of them."""
    for action in ACTIONS:
        yield f"DROP TRIGGER IF EXISTS {trigger_name(action)} ON public.{state.name}"
    yield from trigger_statements(state.name)


def belongings(connection: Connection, states: Sequence[TableState]) -> Iterator[str]:
    """Triggers of others, grants and owners of tables that were dropped; the owner last, who takes our rights away."""
    dropped = [state for state in states if state.fate is Fate.DROPPED]
    for state in dropped:
        yield from state.shape["triggers"]
    for state in dropped:
        yield from state.shape["grants"]
    for state in dropped:
        owner = connection.execute(_QUOTE, {"name": state.shape["owner"]}).scalar_one()
        yield f"ALTER TABLE public.{state.name} OWNER TO {owner}"


def missing_references(connection: Connection, states: Sequence[TableState]) -> list[_Reference]:
    """The foreign keys that were there and are not, each once."""
    remembered = {_Reference(**reference) for state in states for reference in state.shape["references"]}
    present = {(row.name, row.conname) for row in connection.execute(_CONSTRAINTS)}
    missing = [reference for reference in remembered if (reference.table, reference.name) not in present]
    return sorted(missing, key=lambda reference: (reference.table, reference.name))


def table_is_there(connection: Connection, reference: _Reference) -> bool:
    return bool(connection.execute(_IS_THERE, {"name": reference.table}).scalar_one())


def literal(statement: str) -> TextClause:
    """A statement of PostgreSQL's own making: no colon in it means a parameter."""
    return text(statement.replace(":", r"\:"))


def attempt(connection: Connection, statement: str) -> str | None:
    """Run a statement that may fail without harm to the others; return what PostgreSQL said against it."""
    try:
        with connection.begin_nested():
            connection.execute(literal(statement))
    except DBAPIError as error:
        return described(error)
    return None
