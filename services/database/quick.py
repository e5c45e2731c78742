"""Prepared statements past SQLAlchemy's own work, which takes a tenth of a millisecond for each, and several in one
round trip. For the way from an event to its mail, where dozens of them follow one another.

PostgreSQL runs the statements of one message one after the other, each with a snapshot and a time-out of its own, as if
they had come alone (its manual, "Multiple Statements in a Simple Query" and "statement_timeout").
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Connection, Dialect, TextClause

from services.database.prepared import bound, prepares, run_waiting, waiting, with_waiting


def run(connection: Connection, statement: TextClause, parameters: Mapping[str, Any]) -> Any:
    """Run a statement made by `prepared`, prepared where the engine does so; the cursor with what it returns.

    :raises sqlalchemy.exc.DBAPIError: as from the connection's own `execute`
    """
    cursor = _cursor(connection)
    with _translated(connection, cursor):
        cursor.execute(with_waiting(cursor, _bound(connection, cursor, statement, parameters)))
    return cursor


def fetch(connection: Connection, statement: TextClause, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows of a statement made by `prepared`, by the names of their columns; errors as `run` raises them."""
    cursor = run(connection, statement, parameters)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def write(connection: Connection, statement: TextClause, parameters: Mapping[str, Any]) -> None:
    """Run a statement made by `prepared` whose result nobody reads: now, or `in_few_trips` with the next one.

    :raises sqlalchemy.exc.DBAPIError: as `run` does, also for the statements that have waited
    """
    cursor = _cursor(connection)
    with _translated(connection, cursor):
        bound_statement = _bound(connection, cursor, statement, parameters)
        if (others := waiting.get(cursor.connection)) is None:
            cursor.execute(bound_statement)
        else:
            others.append(bound_statement)


@contextmanager
def in_few_trips(connection: Connection) -> Iterator[None]:
    """Let what `write` is given wait for the next statement that is read, or for the end; the order stays.

    A savepoint within is no rescue: of what waits there, one that fails at its end fails the whole transaction.

    :raises sqlalchemy.exc.DBAPIError: a statement that has waited failed
    """
    cursor = _cursor(connection)
    # An engine that does not prepare would not take along what waits.
    if cursor.connection in waiting or not prepares(connection.engine):
        yield
        return
    waiting[cursor.connection] = []
    try:
        yield
        with _translated(connection, cursor):
            run_waiting(cursor)
    finally:
        del waiting[cursor.connection]


# Everything here is looked up by its key. Left to itself PostgreSQL plans half of these statements anew each time,
# which takes longer than they do, and the others once for the session, perhaps while their tables are still empty.
_BEGIN: Final = (
    b"BEGIN; SET LOCAL plan_cache_mode = force_generic_plan; SET LOCAL enable_seqscan = off; SET LOCAL jit = off"
)


@contextmanager
def transaction(connection: Connection) -> Iterator[None]:
    """A transaction on a connection that commits each statement by itself: BEGIN and COMMIT go with the others.

    Within `in_few_trips` it may end with the next statement that is read, else here.

    :raises sqlalchemy.exc.DBAPIError: a statement that has waited failed, or the commit
    :raises ValueError: the engine does not prepare, so that BEGIN and COMMIT could go with nothing
    """
    if not prepares(connection.engine):
        raise ValueError("a transaction in few trips needs an engine of `make_engine`")
    with in_few_trips(connection):
        cursor = _cursor(connection)
        waiting[cursor.connection].append(_BEGIN)
        yield
        waiting[cursor.connection].append(b"COMMIT")


def _cursor(connection: Connection) -> Any:
    if not connection.in_transaction():
        # As the connection's own `execute` does.
        connection.begin()
    return connection.connection.cursor()


def _bound(connection: Connection, cursor: Any, statement: TextClause, parameters: Mapping[str, Any]) -> bytes:
    sql = _sql(statement, connection.dialect)
    for listener in connection.dispatch.before_cursor_execute:
        listener(connection, cursor, sql, parameters, None, False)
    if prepares(connection.engine):
        return bound(cursor, connection.info, sql, parameters)
    made: bytes = cursor.mogrify(sql, parameters)
    return made


@lru_cache(maxsize=256)
def _sql(statement: TextClause, dialect: Dialect) -> str:
    """As SQLAlchemy gives it to the driver."""
    return str(statement.compile(dialect=dialect))


@contextmanager
def _translated(connection: Connection, cursor: Any) -> Iterator[None]:
    try:
        yield
    except BaseException as error:
        # SQLAlchemy offers no other way to its handling of a driver's errors, with all that listens to it.
        connection._handle_dbapi_exception(error, None, None, cursor, None)
