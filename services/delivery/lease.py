"""The lease of a sender: alive as long as its database connection, so that a killed one is noticed at once."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from uuid import UUID, uuid4

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from services.database.errors import DatabaseFailure, classify_failure

# Longer than `_HARD_LIMIT_SECONDS` in tasks/mail.py, so that a living sender never loses its lease. A killed one is
# noticed sooner, by its advisory lock (reap_expired.py).
LEASE_SECONDS = 600

_LOCK = text("SELECT pg_advisory_lock(hashtextextended(:lease_id, 0))")
_TAKE_SLOT = text("SELECT pg_try_advisory_lock(hashtext('escalation.slot.' || :account), :slot)")
_TAKE_PLACE = text("SELECT pg_try_advisory_lock(hashtext('escalation.sender.' || :account), :place)")
_LOGIN = text("SELECT pg_advisory_lock(hashtextextended('escalation.login.' || :account, 0))")
_END_LOGIN = text("SELECT pg_advisory_unlock(hashtextextended('escalation.login.' || :account, 0))")
_UNLOCK = text("SELECT pg_advisory_unlock_all()")


@contextmanager
def lease(connection: Connection) -> Iterator[UUID]:
    """A new lease, held by this connection's session until the end, whatever ends it."""
    lease_id = uuid4()
    with connection.begin():
        connection.execute(_LOCK, {"lease_id": str(lease_id)})
    try:
        yield lease_id
    finally:
        _unlock_all(connection)


def _unlock_all(connection: Connection) -> None:
    """Let go of the lease and the slot; a connection that cannot is closed, which does the same."""
    if connection.invalidated:
        return
    try:
        connection.rollback()
        with connection.begin():
            connection.execute(_UNLOCK)
    except DBAPIError:
        connection.invalidate()


@contextmanager
def login_turn(connection: Connection, account: str) -> Iterator[bool]:
    """Whether it is this sender's turn to log in; it waits a moment for another one (LOCK_TIMEOUT_SECONDS)."""
    try:
        with connection.begin():
            connection.execute(_LOGIN, {"account": account})
    except DBAPIError as error:
        if classify_failure(error) is not DatabaseFailure.LOCKED:
            raise
        yield False
        return
    try:
        yield True
    finally:
        if not connection.invalidated:
            with connection.begin():
                connection.execute(_END_LOGIN, {"account": account})


def take_place(connection: Connection, account: str, places: int) -> bool:
    """Become one of so many processes that may send for the account at once, for this session."""
    with connection.begin():
        return any(
            connection.execute(_TAKE_PLACE, {"account": account, "place": place}).scalar_one()
            for place in range(places, 0, -1)
        )


def take_slot(connection: Connection, account: str, slots: int, held: Collection[int] = ()) -> int | None:
    """Take one more of the account's connections for this session; its number, or None when all are taken.

    :param held: the numbers that this session has already: PostgreSQL would give them to it again
    """
    with connection.begin():
        for slot in range(slots, 0, -1):
            if slot not in held and connection.execute(_TAKE_SLOT, {"account": account, "slot": slot}).scalar_one():
                return slot
    return None
