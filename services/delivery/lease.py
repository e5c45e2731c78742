"""The lease of a sender: alive as long as its database connection, so that a killed one is noticed at once.

What a killed sender left is sent again at once when its body had not begun, and is unknown otherwise. A drain that may
send a few mails itself takes a turn in Redis, left by a sender whose server was fast.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, Final
from uuid import UUID, uuid4

import structlog
from redis.exceptions import RedisError
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from config.settings import Settings, get_settings
from rules.delivery import Times
from services.database.errors import DatabaseFailure, classify_failure
from services.database.prepared import prepared
from services.database.quick import run
from services.delivery.settings_probe import keyed_mark
from services.events.stream import redis_client

logger = structlog.get_logger()

# Longer than `HARD_LIMIT_SECONDS` in tasks/mail.py, so that a living sender never loses its lease. A killed one is
# noticed sooner, by its advisory lock (`reap`).
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


# In this order, so that whoever gets no place holds no slot, not even for a moment.
_TAKE_ALL = prepared("""
    SELECT CASE WHEN place THEN
               pg_try_advisory_lock(hashtext('escalation.slot.' || CAST(:account AS text)), CAST(:slot AS integer)) END
    FROM (
        SELECT pg_advisory_lock(hashtextextended(CAST(:lease_id AS text), 0)),
               pg_try_advisory_lock(hashtext('escalation.sender.' || CAST(:account AS text)), CAST(:place AS integer))
                   AS place
        OFFSET 0
    ) AS taken
""")


@contextmanager
def sender_lease(connection: Connection, account: str, places: int, slots: int) -> Iterator[tuple[UUID, int] | None]:
    """A new lease with one of so many places and one of the account's connections; None when all of them are taken.

    As `lease`, `take_place` and `take_slot`, in one round trip where the last of each is free.
    """
    lease_id = uuid4()
    parameters = {"account": account, "lease_id": str(lease_id), "place": places, "slot": slots}
    try:
        with connection.begin():
            ((has_slot,),) = run(connection, _TAKE_ALL, parameters)
        slot = slots if has_slot else None
        if has_slot is False or (has_slot is None and take_place(connection, account, places - 1)):
            slot = take_slot(connection, account, slots)
        yield None if slot is None else (lease_id, slot)
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


# Deaths before the body are harmless; a mail that causes them must not do so without a pause.
_HARMLESS_DEATHS = 3

# A lease is dead when the session that holds its lock is gone, or when it is past its time.
_REAP = text("""
    WITH leases AS MATERIALIZED (
        SELECT lease_id, min(leased_until) AS leased_until FROM escalation.mail_recipients
        WHERE state = 'sending' GROUP BY lease_id
    ), dead AS MATERIALIZED (
        SELECT lease_id FROM leases
        WHERE leased_until < clock_timestamp()
           OR pg_try_advisory_xact_lock(hashtextextended(lease_id::text, 0))
    ), left_behind AS MATERIALIZED (
        SELECT recipient_id FROM escalation.mail_recipients
        WHERE state = 'sending' AND lease_id IN (SELECT lease_id FROM dead)
        LIMIT :limit FOR UPDATE SKIP LOCKED
    ), reaped AS (
        UPDATE escalation.mail_recipients AS r
        SET state = CASE WHEN body_started_at IS NOT NULL THEN CASE WHEN repeats = 0 THEN 'unknown' ELSE 'held' END
                         WHEN attempts > :deaths THEN 'deferred' ELSE 'queued' END,
            next_attempt_at = clock_timestamp() + make_interval(secs => CASE
                WHEN body_started_at IS NOT NULL THEN CASE WHEN rank = 0 THEN :repeat_urgent ELSE :repeat END
                WHEN attempts > :deaths THEN :pause ELSE 0 END),
            repeats = CASE WHEN body_started_at IS NULL THEN repeats ELSE 1 END,
            -- An unknown mail keeps its lease: its sender may be alive, without a database, and still learn the truth.
            lease_id = CASE WHEN body_started_at IS NOT NULL THEN lease_id END,
            leased_until = NULL,
            reply_phase = CASE WHEN body_started_at IS NULL THEN reply_phase ELSE 'body' END,
            reply_class = CASE WHEN body_started_at IS NULL THEN 'transient' ELSE 'unknown' END,
            reply = 'the sender ended without a reply'
        WHERE recipient_id IN (SELECT recipient_id FROM left_behind)
        RETURNING recipient_id, state, body_started_at, reply_class
    ), noted AS (
        UPDATE escalation.delivery_attempts AS a
        SET finished_at = clock_timestamp(), reply_class = reaped.reply_class,
            phase = CASE WHEN a.body_started_at IS NOT NULL THEN 'body' END,
            reply = 'the sender ended without a reply'
        FROM reaped WHERE a.recipient_id = reaped.recipient_id AND a.finished_at IS NULL
    )
    SELECT state, count(*) FROM reaped GROUP BY state
""")


def reap(connection: Connection, times: Times, limit: int = 500) -> dict[str, int]:
    """Take over the leases of dead senders; how many recipients went to which state.

    Must not run on a connection that holds a lease itself.
    """
    rows = connection.execute(
        _REAP,
        {
            "limit": limit,
            "deaths": _HARMLESS_DEATHS,
            "pause": times.retries[0],
            "repeat": times.repeat,
            "repeat_urgent": times.repeat_urgent,
        },
    )
    return {state: count for state, count in rows}


_SHIFTS = (
    "UPDATE escalation.mail_recipients SET next_attempt_at = next_attempt_at - make_interval(secs => :seconds) "
    "WHERE state IN ('queued', 'deferred', 'unknown') AND next_attempt_at > clock_timestamp()",
    "UPDATE escalation.mail_accounts SET next_probe_at = next_probe_at - make_interval(secs => :seconds), "
    "paused_until = paused_until - make_interval(secs => :seconds) "
    "WHERE greatest(next_probe_at, paused_until) > clock_timestamp()",
    "UPDATE escalation.tickets SET waiting_since = waiting_since - make_interval(secs => :seconds) "
    "WHERE waiting_since > clock_timestamp()",
)


def shift_due_times(connection: Connection, seconds: float) -> int:
    """Bring everything that is planned forward by so many seconds; the number of rows."""
    return sum(connection.execute(text(statement), {"seconds": seconds}).rowcount for statement in _SHIFTS)


# How long a sender's word holds that the server is fast.
_TURN_SECONDS: Final = 60


def leave_turn() -> None:
    """The server was fast just now: the next drain with the same mail settings may send, if Redis can be told."""
    try:
        redis_client().set(_turn_key(get_settings()), 1, ex=_TURN_SECONDS)
    except RedisError as error:
        logger.warning("turn_not_left", error=type(error).__name__)


def take_turn() -> bool:
    """Whether this process may send now; nobody else may until it, or another sender, was fast again.

    So one child at a time waits for a server that became slow, and one that is killed leaves no turn behind.

    :raises RedisError: Redis cannot be asked
    """
    taken: Any = redis_client().delete(turn_key())
    return bool(taken)


def turn_key() -> str:
    """Where the turn lies."""
    return _turn_key(get_settings())


@lru_cache(maxsize=1)
def _turn_key(settings: Settings) -> str:
    """A process that has other settings of the mail account, or none of its secrets, never finds it.

    The key lies in no Redis, so that whoever reads there can try no password.
    """
    return f"escalation:direct:{keyed_mark(settings, settings.database_url.get_secret_value().encode())}"
