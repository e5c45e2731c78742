"""What each connection sets for itself after connecting, and what a pooler between us and PostgreSQL makes of it.

Startup options would save a round trip, but PgBouncer refuses them or, with `ignore_startup_parameters = options`,
drops them in silence (PgBouncer manual, "ignore_startup_parameters").

What is marked with `prepared` is parsed and planned once a session (PostgreSQL manual, PREPARE), because it is run all
the time; each parameter needs a type there, by a cast or by the column that it meets.
"""

import re
from collections.abc import Mapping
from typing import Any, Final
from weakref import WeakKeyDictionary, WeakSet

from sqlalchemy import Connection, Engine, ExceptionContext, TextClause, event, text

from config.errors import ConfigurationError
from config.settings import Settings

_TRANSACTION_POOLING = (
    "a pooler hands each transaction to another server connection (PgBouncer's pool_mode transaction or statement), "
    "so leases and session settings are lost: give the worker a pool with pool_mode = session, or PostgreSQL's own port"
)
_COMPARE = text("SELECT name, current_setting(name, true) AS value FROM unnest(CAST(:names AS text[])) AS n (name)")
_BACKEND = text("SELECT pg_backend_pid()")


class TransactionPooling(ConfigurationError):
    """DATABASE_URL leads to a pooler that does not keep a session's server connection."""


def session_settings(settings: Settings, *, statement_timeout: bool = True) -> dict[str, str]:
    """The settings by name, in PostgreSQL's own spelling, as `current_setting` gives them back."""
    return {
        "escalation.actor": "worker",
        "TimeZone": "UTC",
        "lock_timeout": _milliseconds(settings.lock_timeout_seconds),
        "statement_timeout": _milliseconds(settings.statement_timeout_seconds if statement_timeout else 0),
    }


def _milliseconds(seconds: float) -> str:
    """As PostgreSQL prints a time: in the largest unit that is exact."""
    milliseconds = round(seconds * 1000)
    for unit, size in (("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1_000)):
        if milliseconds and milliseconds % size == 0:
            return f"{milliseconds // size}{unit}"
    return f"{milliseconds}ms" if milliseconds else "0"


def fresh_session(wanted: Mapping[str, str]) -> tuple[str, list[str]]:
    """Statements that make a session ours, whoever had it before, and their parameters; one round trip.

    A pooler of sessions may hand over one in which somebody else has prepared statements.
    """
    calls = ", ".join(["set_config(%s, %s, false)"] * len(wanted))
    return f"DEALLOCATE ALL; SELECT {calls}", [word for pair in wanted.items() for word in pair]


def set_after_connecting(engine: Engine, wanted: Mapping[str, str]) -> None:
    """Have each new connection of the engine set these, before anybody uses it."""

    @event.listens_for(engine, "connect")
    def set_them(connection: Any, _: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute(*fresh_session(wanted))
        connection.commit()


def lost_settings(connection: Connection, wanted: Mapping[str, str]) -> dict[str, str]:
    """What this session should have set and has not: the values found, by name."""
    found = {row.name: row.value for row in connection.execute(_COMPARE, {"names": list(wanted)})}
    return {name: str(found[name]) for name, value in wanted.items() if found[name] != value}


def refuse_transaction_pooling(engine: Engine) -> None:
    """Compare the server processes behind two connections that are open at once.

    :raises TransactionPooling: one process served both, or one connection was served by two processes
    """
    with engine.connect() as first, engine.connect() as second:
        before = first.execute(_BACKEND).scalar_one()
        first.commit()
        # A pooler of transactions has the first one's process free by now, and takes the one used last.
        other = second.execute(_BACKEND).scalar_one()
        after = first.execute(_BACKEND).scalar_one()
    if before == other or before != after:
        raise TransactionPooling(f"DATABASE_URL: {_TRANSACTION_POOLING}")


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
