"""Alerts: what a person has to look at. One open alert a key, however often its cause comes back."""

import structlog
from sqlalchemy import Connection, text

logger = structlog.get_logger()

RAISE = text("""
    INSERT INTO escalation.alerts AS a (key, summary, hint) VALUES (:key, :summary, :hint)
    ON CONFLICT (key) WHERE cleared_at IS NULL DO UPDATE SET summary = excluded.summary, hint = excluded.hint
    WHERE (a.summary, a.hint) IS DISTINCT FROM (excluded.summary, excluded.hint)
    RETURNING xmax = 0
""")
CLEAR = text("""
    UPDATE escalation.alerts SET cleared_at = clock_timestamp()
    WHERE key = ANY(CAST(:keys AS text[])) AND cleared_at IS NULL RETURNING key
""")


def raise_alert(connection: Connection, key: str, summary: str, hint: str | None = None) -> bool:
    """Raise an alert unless it is open already, in which case only its words change; whether it is new.

    No personal data: the summary is logged.
    """
    new = bool(connection.execute(RAISE, {"key": key, "summary": summary, "hint": hint}).scalar())
    if new:
        logger.error("alert_raised", key=key, summary=summary, hint=hint)
    return new


def clear_alerts(connection: Connection, *keys: str) -> list[str]:
    """Close open alerts whose cause is gone; those that were open."""
    cleared = list(connection.execute(CLEAR, {"keys": list(keys)}).scalars())
    for key in cleared:
        logger.info("alert_cleared", key=key)
    return cleared


OPEN = text(
    "SELECT EXISTS (SELECT FROM escalation.alerts WHERE key = ANY(CAST(:keys AS text[])) AND cleared_at IS NULL)"
)


def any_open(connection: Connection, *keys: str) -> bool:
    """Whether one of these alerts is open."""
    return bool(connection.execute(OPEN, {"keys": list(keys)}).scalar_one())
