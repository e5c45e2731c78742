"""What each connection sets for itself after connecting, and what a pooler between us and PostgreSQL makes of it.

Startup options would save a round trip, but PgBouncer refuses them or, with `ignore_startup_parameters = options`,
drops them in silence (PgBouncer manual, "ignore_startup_parameters").
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Engine, event, text

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
