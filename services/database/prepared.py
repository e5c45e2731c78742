"""Statements that are run all the time: parsed and planned once a session (PostgreSQL manual, PREPARE).

Each parameter needs a type there, by a cast or by the column that it meets.
"""

import re
from typing import Any, Final
from weakref import WeakKeyDictionary, WeakSet

from sqlalchemy import Engine, ExceptionContext, TextClause, event, text

_MARK: Final = "prepared"
_PARAMETER: Final = re.compile(r"%\((\w+)\)s")
# The session has no such statement: it is not the one that has prepared it (errcodes 26000, 42P05), or a table is not
# what it was when the statement was planned (0A000).
_NO_SUCH, _EXISTS, _UNSUPPORTED, _STALE = "26000", "42P05", "0A000", "cached plan"


def prepared(statement: str) -> TextClause:
    """The statement as one that is prepared when a connection first runs it."""
    return text(statement).execution_options(**{_MARK: True})


_preparing: Final["WeakSet[Engine]"] = WeakSet()


def prepare_what_is_marked(engine: Engine) -> None:
    """Have the engine run such statements prepared; what a connection has prepared is known as long as it lives."""
    _preparing.add(engine)
    event.listen(engine, "do_execute", _execute)
    event.listen(engine, "do_executemany", _execute_many)
    event.listen(engine, "handle_error", _drop_sessions_that_lack_a_statement)


def prepares(engine: Engine) -> bool:
    """Whether the engine runs such statements prepared."""
    return engine in _preparing


def _execute(cursor: Any, statement: str, parameters: Any, context: Any) -> bool:
    """Whether the statement was run here."""
    if not context.execution_options.get(_MARK):
        run_waiting(cursor)
        return False
    cursor.execute(with_waiting(cursor, bound(cursor, context.root_connection.info, statement, parameters)))
    return True


def _execute_many(cursor: Any, _statement: str, _parameters: Any, _context: Any) -> None:
    run_waiting(cursor)


def bound(cursor: Any, info: dict[Any, Any], statement: str, parameters: Any) -> bytes:
    """The statement, as SQLAlchemy gives it to the driver, as an EXECUTE of the connection that `info` belongs to."""
    known: dict[str, str] = info.setdefault(_MARK, {})
    if statement not in known:
        name = f"escalation_{len(known)}"
        names = list(dict.fromkeys(_PARAMETER.findall(statement)))
        numbered = _PARAMETER.sub(lambda found: f"${names.index(found[1]) + 1}", statement)
        cursor.execute(f"PREPARE {name} AS {numbered.replace('%%', '%')}")
        given = ", ".join(f"%({name})s" for name in names)
        known[statement] = f"EXECUTE {name} ({given})" if names else f"EXECUTE {name}"
    made: bytes = cursor.mogrify(known[statement], parameters)
    return made


# By the driver's connection: statements whose results nobody reads and that go to the server with the next one
# (`services.database.quick`).
waiting: Final["WeakKeyDictionary[Any, list[bytes]]"] = WeakKeyDictionary()


def with_waiting(cursor: Any, statement: bytes) -> bytes:
    """The statements that wait, none of which does afterwards, and this one."""
    found = waiting.get(cursor.connection)
    if not found:
        return statement
    together = b"; ".join([*found, statement])
    found.clear()
    return together


def run_waiting(cursor: Any) -> None:
    """Run the statements that wait."""
    if waiting.get(cursor.connection):
        cursor.execute(with_waiting(cursor, b""))


def _drop_sessions_that_lack_a_statement(context: ExceptionContext) -> None:
    """A new session prepares it anew; what was to be written waits, as when the connection is lost."""
    original = context.original_exception
    state = getattr(original, "pgcode", None)
    if state in {_NO_SUCH, _EXISTS} or (state == _UNSUPPORTED and _STALE in str(original)):
        context.is_disconnect = True
