"""Statements that PostgreSQL parses and plans once a session (its manual, PREPARE), because they are run all the time.

Only what is marked with `prepared`: each parameter needs a type there, by a cast or by the column that it meets.
"""

import re
from typing import Any, Final

from sqlalchemy import Engine, ExceptionContext, TextClause, event, text

_MARK: Final = "prepared"
_PARAMETER: Final = re.compile(r"%\((\w+)\)s")
# The session has no such statement: it is not the one that has prepared it (errcodes 26000, 42P05), or a table is not
# what it was when the statement was planned (0A000).
_NO_SUCH, _EXISTS, _UNSUPPORTED, _STALE = "26000", "42P05", "0A000", "cached plan"


def prepared(statement: str) -> TextClause:
    """The statement as one that is prepared when a connection first runs it."""
    return text(statement).execution_options(**{_MARK: True})


def prepare_what_is_marked(engine: Engine) -> None:
    """Have the engine run such statements prepared; what a connection has prepared is known as long as it lives."""
    event.listen(engine, "do_execute", _execute)
    event.listen(engine, "handle_error", _drop_sessions_that_lack_a_statement)


def _execute(cursor: Any, statement: str, parameters: Any, context: Any) -> bool:
    """Whether the statement was run here."""
    if not context.execution_options.get(_MARK):
        return False
    known: dict[str, str] = context.root_connection.info.setdefault(_MARK, {})
    if statement not in known:
        name = f"escalation_{len(known)}"
        names = list(dict.fromkeys(_PARAMETER.findall(statement)))
        numbered = _PARAMETER.sub(lambda found: f"${names.index(found[1]) + 1}", statement)
        cursor.execute(f"PREPARE {name} AS {numbered.replace('%%', '%')}")
        given = ", ".join(f"%({name})s" for name in names)
        known[statement] = f"EXECUTE {name} ({given})" if names else f"EXECUTE {name}"
    cursor.execute(known[statement], parameters)
    return True


def _drop_sessions_that_lack_a_statement(context: ExceptionContext) -> None:
    """A new session prepares it anew; what was to be written waits, as when the connection is lost."""
    original = context.original_exception
    state = getattr(original, "pgcode", None)
    if state in {_NO_SUCH, _EXISTS} or (state == _UNSUPPORTED and _STALE in str(original)):
        context.is_disconnect = True
