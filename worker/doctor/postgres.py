"""PostgreSQL: reachable, new enough, of the right shape, and nobody else writes tickets."""

from collections.abc import Iterator
from datetime import UTC, datetime

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from config.settings import Settings
from rules.explanation import counted
from services.database.engine import engine
from services.database.session import TransactionPooling, lost_settings, refuse_transaction_pooling, session_settings
from services.monitoring.health import try_write
from services.schema.check import compare
from services.schema.grants import missing_rights
from services.schema.introspection import DifferenceKind
from services.schema.protection import unprotected
from worker.doctor.finding import CheckedPart, CheckResult, about_clock
from worker.doctor.time_zone import check_time_zones

PART = CheckedPart("postgresql")
_OLDEST = 150_000
_VERIFIED = "?sslmode=verify-full&sslrootcert=/path/ca.pem"
_UNCHECKED = {"verify-full": "", "verify-ca": ": the host's name is not checked"}
# Undefined schema, table and column (PostgreSQL manual, appendix A).
_MISSING = {"3F000", "42P01", "42703"}
_CONNECT = "connect as DATABASE_URL says"
_FACTS = text("""
    SELECT current_setting('server_version_num')::int AS number, current_setting('server_version') AS version,
           current_user AS role, current_database() AS database, pg_is_in_recovery() AS standby,
           inet_server_addr() IS NOT NULL AND NOT inet_server_addr() << '127.0.0.0/8'
               AND inet_server_addr() <> '::1' AS remote,
           clock_timestamp() AS now
""")
_OTHERS = text("""
    SELECT actor, count(*) AS count FROM escalation.audit_log
    WHERE table_name = 'support_tickets' AND action = 'insert' AND actor <> 'worker' AND at > now() - interval '7 days'
    GROUP BY actor ORDER BY actor
""")


def check(settings: Settings) -> Iterator[CheckResult]:
    try:
        with engine().connect() as connection:
            yield from _facts(connection)
            yield from _session(connection, settings)
            yield from _shape(connection)
            yield from _writes(connection)
    except DBAPIError as error:
        yield PART.broken(_CONNECT, reason(error), advice(error))


def reason(error: DBAPIError) -> str:
    """What psycopg2 says, in one line; it names host, user and database, never the password."""
    return " ".join(str(error.orig).split())[:300]


def not_read(part: CheckedPart, tried: str, error: DBAPIError) -> CheckResult:
    """For parts that only look something up in PostgreSQL, which may well answer and lack the table."""
    return part.unknown(tried, f"PostgreSQL could not be asked: {reason(error)}", "See postgresql above.")


def advice(error: DBAPIError) -> str:
    words = str(error.orig)
    if words.startswith("invalid "):
        return "Fix what stands after ? in DATABASE_URL; most often sslmode and sslrootcert are meant."
    if error.orig is not None and getattr(error.orig, "pgcode", None) in _MISSING:
        return "The database was changed: python -m worker db check names what is missing."
    if "too many clients" in words or "connection slots" in words:
        return "All connections of the server are taken: raise max_connections, or let others use fewer."
    if "password authentication failed" in words or "no password supplied" in words:
        return "Check user and password in DATABASE_URL."
    if "does not match host name" in words:
        return "Put the host that the certificate names into DATABASE_URL, or have a certificate made for this one."
    if "certificate" in words:
        return f"Name the authority that signed the server's certificate: {_VERIFIED}."
    if "no encryption" in words:
        return f"The server wants an encrypted connection: add {_VERIFIED} to DATABASE_URL."
    if "does not support SSL" in words:
        return "Switch TLS on at the server (ssl = on); in a network of your own take sslmode=disable instead."
    if "does not exist" in words:
        return "Check the database's name and role in DATABASE_URL."
    if "permission denied" in words:
        return "Give the role the rights that docs/database.md lists."
    return "Check host and port in DATABASE_URL, and whether PostgreSQL runs. Events wait in the stream meanwhile."


def _facts(connection: Connection) -> Iterator[CheckResult]:
    row = connection.execute(_FACTS).one()
    encrypted = _encryption(connection)
    found = f"PostgreSQL {row.version}, database {row.database}, role {row.role}{f', {encrypted}' if encrypted else ''}"
    if row.number < _OLDEST:
        yield PART.broken(_CONNECT, found, "Use PostgreSQL 15 or newer.")
    elif row.standby:
        yield PART.broken(_CONNECT, f"{found}, a read-only standby", "Point DATABASE_URL at the primary server.")
    else:
        yield PART.ok(_CONNECT, found)
    if row.remote and "verify-full" not in encrypted:
        yield PART.warning(
            _CONNECT, encrypted or "the connection is not encrypted", f"Add {_VERIFIED} to DATABASE_URL."
        )
    yield about_clock("PostgreSQL", (datetime.now(UTC) - row.now).total_seconds())


def _session(connection: Connection, settings: Settings) -> Iterator[CheckResult]:
    """What a pooler between us and PostgreSQL does with our sessions."""
    tried = "compare the session with what the worker sets"
    try:
        refuse_transaction_pooling(connection.engine)
    except TransactionPooling as error:
        yield PART.broken(tried, str(error), "docs/database.md tells how to run PgBouncer.")
        return
    for name, value in lost_settings(connection, session_settings(settings)).items():
        yield PART.broken(
            tried, f"{name} is {value!r}", "Something between the worker and PostgreSQL resets it: docs/database.md."
        )


def _writes(connection: Connection) -> Iterator[CheckResult]:
    tried = "write a row"
    connection.rollback()
    try:
        try_write(connection)
    except DBAPIError as error:
        yield PART.broken(tried, reason(error), _write_advice(error))
    else:
        yield PART.ok(tried, "it was taken")
    finally:
        connection.rollback()


def _write_advice(error: DBAPIError) -> str:
    """The next step for each reason for which PostgreSQL refuses to write (SQLSTATE, its manual, appendix A)."""
    match getattr(error.orig, "pgcode", None):
        case "25006":
            return (
                "Find out why it only reads: a full disk (many providers set default_transaction_read_only then), or "
                "a replica after a failover. Events wait in the stream and go on within seconds."
            )
        case "53100":
            return "Its disk is full: make room. Events wait in the stream meanwhile."
        case _:
            return "See its log. Events wait in the stream meanwhile."


def _encryption(connection: Connection) -> str:
    """How the connection is encrypted, and what libpq did not check ("SSL Support", its manual); empty: not at all."""
    information = connection.connection.driver_connection.info  # type: ignore[union-attr]
    if not information.ssl_in_use:
        return ""
    mode = information.dsn_parameters["sslmode"]
    return f"encrypted (sslmode={mode}{_UNCHECKED.get(mode, ': the certificate is not checked')})"


def _shape(connection: Connection) -> Iterator[CheckResult]:
    tried = "compare the tables with what the program needs"
    differences = [*compare(connection), *missing_rights(connection, "application")]
    for difference in differences:
        found = f"{difference.place} {difference.found}; {difference.needed}"
        make = PART.note if difference.kind is DifferenceKind.NOTE else PART.broken
        yield make(tried, found, difference.remedy.replace("`db ", "`python -m worker db "))
    if all(difference.kind is DifferenceKind.NOTE for difference in differences):
        yield PART.ok(tried, "all that is needed is there, and changes are audited")
    if not any(difference.place == "schema escalation" for difference in differences):
        yield from _protection(connection)
        yield from _second_writers(connection)
        yield from check_time_zones(connection)


def _protection(connection: Connection) -> Iterator[CheckResult]:
    if tables := unprotected(connection):
        yield PART.warning(
            "look whether a plain DROP would take tables away",
            f"not protected: {', '.join(tables)}",
            "Have PostgreSQL refuse it: python -m worker db protect (docs/database.md).",
        )


def _second_writers(connection: Connection) -> Iterator[CheckResult]:
    for row in connection.execute(_OTHERS).mappings():
        yield PART.warning(
            "look for a second writer of tickets",
            f"{row['actor']} opened {counted(row['count'], 'ticket')} in the last seven days",
            "Switch the other way of opening tickets off, or a session may get two (docs/monday.md, Go active).",
        )
