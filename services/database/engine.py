"""One engine a process, and its transactions."""

import select
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

import psycopg2
from psycopg2.extensions import TRANSACTION_STATUS_IDLE
from sqlalchemy import Connection, Engine, ExceptionContext, create_engine, event, text
from sqlalchemy.exc import InvalidatePoolError, OperationalError

from config.settings import Settings, get_settings
from services.database.encoding import ListCursor, parse_json
from services.database.prepared import prepare_what_is_marked
from services.database.quick import transaction
from services.database.session import session_settings, set_after_connecting

_DRIVER = "postgresql+psycopg2://"
_CONNECT_ARGUMENTS: Final[dict[str, Any]] = {
    "application_name": "escalation-worker",
    "client_encoding": "utf8",
    "connect_timeout": 5,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
    "cursor_factory": ListCursor,
}


def driver_url(url: str) -> str:
    """The URL with psycopg2 named as driver, whatever spelling it came in."""
    _, separator, rest = url.partition("://")
    return _DRIVER + rest if separator else url


def make_engine(settings: Settings, *, statement_timeout: bool = True) -> Engine:
    """An engine whose connections name themselves and never wait for ever (a migration of much data may take long)."""
    made = create_engine(
        driver_url(settings.database_url.get_secret_value()),
        hide_parameters=True,
        pool_size=2,
        max_overflow=4,
        pool_recycle=1800,
        connect_args=_CONNECT_ARGUMENTS,
        json_deserializer=parse_json,
    )
    set_after_connecting(made, session_settings(settings, statement_timeout=statement_timeout))
    _ask_what_was_idle(made)
    prepare_what_is_marked(made)
    event.listen(made, "before_cursor_execute", _refuse_another_session)
    event.listen(made, "handle_error", _drop_sessions_that_only_read)
    event.listen(made, "handle_error", _leave_out_rows)
    return made


# A server that ends says so on the connection; one that falls silent is asked after so long.
_FRESH_SECONDS: Final = 1.0
_USED_AT: Final = "used_at"


def _ask_what_was_idle(engine: Engine) -> None:
    """Before a kept connection is used again, ask whether it still answers, unless it was used just now and is quiet.

    As `pool_pre_ping`, which asks each time (SQLAlchemy, "Custom / Legacy Pessimistic Ping").
    """

    @event.listens_for(engine, "checkin")
    def note(_: Any, record: Any) -> None:
        record.info[_USED_AT] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def ask(connection: Any, record: Any, _: Any) -> None:
        used_at = record.info.get(_USED_AT)
        if used_at is None or (time.monotonic() < used_at + _FRESH_SECONDS and _is_quiet(connection)):
            return
        try:
            engine.dialect.do_ping(connection)
        except psycopg2.Error as error:
            raise InvalidatePoolError from error


def _is_quiet(connection: Any) -> bool:
    """Whether the server has sent nothing since its last answer: no goodbye, and no setting that has changed."""
    waiting = select.poll()
    waiting.register(connection, select.POLLIN)
    return not waiting.poll(0)


def connect_without_waiting() -> Any:
    """A connection of psycopg2 outside the pool, as asynchronous ones are (its manual, "Asynchronous support").

    It is under way: poll it until it is ready, then run `session_settings` on it.
    """
    _, address = engine().dialect.create_connect_args(engine().url)
    return psycopg2.connect(**{**address, **_CONNECT_ARGUMENTS}, async_=1)


# read_only_sql_transaction (PostgreSQL manual, appendix A).
_READ_ONLY = "25006"


def _drop_sessions_that_only_read(context: ExceptionContext) -> None:
    """A server that became read-only, or a replica: once it is writable again, kept sessions would go on refusing."""
    is_ours = not (context.execution_context and context.execution_context.execution_options.get("postgresql_readonly"))
    if getattr(context.original_exception, "pgcode", None) == _READ_ONLY and is_ours:
        context.is_disconnect = True


def _leave_out_rows(context: ExceptionContext) -> None:
    """Keep PostgreSQL's primary message only: the rest quotes rows and statements, and so texts of users.

    Errors go to the logs and, as results of tasks, to Flower.
    """
    original, error = context.original_exception, context.sqlalchemy_exception
    message = getattr(getattr(original, "diag", None), "message_primary", None)
    if message and error:
        # invalid input syntax for type uuid: "what it was"
        message = message.partition(': "')[0]
        original.args = (message,)
        error.args = (f"({type(original).__name__}) {message}",)


@lru_cache(maxsize=1)
def engine() -> Engine:
    """The engine of this process; nothing connects before the first use."""
    return make_engine(get_settings())


@contextmanager
def begin() -> Iterator[Connection]:
    """A transaction: committed at the end, rolled back by an exception."""
    with engine().begin() as connection:
        yield connection


_CLOCK = text("SELECT clock_timestamp()")


def read_clock(connection: Connection) -> datetime:
    """PostgreSQL's time, by which rows have theirs: this host's clock may be wrong."""
    now: datetime = connection.execute(_CLOCK).scalar_one()
    return now


_TRY_LOCK = text("SELECT pg_try_advisory_xact_lock(hashtextextended('escalation.' || :name, 0))")


def only_one(connection: Connection, name: str) -> bool:
    """Whether this transaction may do the sweep: of two at once one does nothing. The lock ends with it."""
    return bool(connection.execute(_TRY_LOCK, {"name": name}).scalar_one())


_STANDALONE: Final = "standalone"


@contextmanager
def standalone() -> Iterator[Connection]:
    """A connection whose statements each commit by themselves: one round trip instead of three.

    Once its session is lost it runs nothing more: OperationalError, also after a rollback.
    """
    with engine().connect() as connection:
        connection.execution_options(**{_STANDALONE: True})
        # SQLAlchemy's own AUTOCOMMIT sets the isolation level back afterwards, which is a round trip.
        driver: Any = connection.connection.driver_connection
        driver.autocommit = True
        try:
            yield connection
        finally:
            _end_autocommit(connection, driver)


def _refuse_another_session(connection: Connection, *_: Any) -> None:
    """SQLAlchemy takes another session, which neither commits by itself nor holds the locks of the lost one."""
    if not connection.get_execution_options().get(_STANDALONE):
        return
    driver: Any = connection.connection.driver_connection
    if not driver.autocommit:
        lost = psycopg2.OperationalError("the session of this connection was lost")
        raise OperationalError(None, None, lost, connection_invalidated=True)


def _end_autocommit(connection: Connection, driver: Any) -> None:
    """Also after a `transaction` that failed: of this one only the server knows."""
    try:
        if not driver.closed and driver.get_transaction_status() != TRANSACTION_STATUS_IDLE:
            driver.cursor().execute("ROLLBACK")
        if not driver.closed:
            driver.autocommit = False
    except psycopg2.Error:
        connection.invalidate()


@contextmanager
def begin_in_few_trips() -> Iterator[Connection]:
    """A transaction as of `begin`, whose BEGIN, COMMIT and statements given to `quick.write` go with others."""
    with standalone() as connection, transaction(connection):
        yield connection


def forget_connections() -> None:
    """After a fork: leave the parent's sockets to the parent.

    Source: SQLAlchemy, "Using Connection Pools with Multiprocessing or os.fork()".
    """
    engine().dispose(close=False)
