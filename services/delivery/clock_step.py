"""PostgreSQL's clock was set back: what was due in a moment would wait as long as the clock was set back."""

from sqlalchemy import Connection, text

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
