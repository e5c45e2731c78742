"""Sweeps take an advisory lock for their transaction, so that two at once are one and one that does nothing."""

from sqlalchemy import Connection, text

_TRY = text("SELECT pg_try_advisory_xact_lock(hashtextextended('escalation.' || :name, 0))")


def only_one(connection: Connection, name: str) -> bool:
    """Whether this transaction may do the sweep; the lock ends with it."""
    return bool(connection.execute(_TRY, {"name": name}).scalar_one())
