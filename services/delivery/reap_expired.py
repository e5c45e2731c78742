"""Reaping: what a killed sender left is sent again at once when its body had not begun, and is unknown otherwise."""

from sqlalchemy import Connection, text

from rules.delivery import Times

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
