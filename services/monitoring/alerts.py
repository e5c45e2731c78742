"""Alerts: what a person has to look at. One open alert a key, however often its cause comes back."""

from dataclasses import dataclass

import structlog
from sqlalchemy import Connection, text

logger = structlog.get_logger()

_RAISE = text("""
    INSERT INTO escalation.alerts AS a (key, summary, hint) VALUES (:key, :summary, :hint)
    ON CONFLICT (key) WHERE cleared_at IS NULL DO UPDATE SET summary = excluded.summary, hint = excluded.hint
    WHERE (a.summary, a.hint) IS DISTINCT FROM (excluded.summary, excluded.hint)
    RETURNING xmax = 0
""")
_CLEAR = text("""
    UPDATE escalation.alerts SET cleared_at = clock_timestamp()
    WHERE key = ANY(CAST(:keys AS text[])) AND cleared_at IS NULL RETURNING key
""")


def raise_alert(connection: Connection, key: str, summary: str, hint: str | None) -> bool:
    """Raise an alert unless it is open already, in which case only its words change; whether it is new.

    No personal data: the summary is logged.
    """
    new = bool(connection.execute(_RAISE, {"key": key, "summary": summary, "hint": hint}).scalar())
    if new:
        logger.error("alert_raised", key=key, summary=summary, hint=hint)
    return new


def clear_alerts(connection: Connection, *keys: str) -> list[str]:
    """Close open alerts whose cause is gone; those that were open."""
    cleared = list(connection.execute(_CLEAR, {"keys": list(keys)}).scalars())
    for key in cleared:
        logger.info("alert_cleared", key=key)
    return cleared


_OPEN = text(
    "SELECT EXISTS (SELECT FROM escalation.alerts WHERE key = ANY(CAST(:keys AS text[])) AND cleared_at IS NULL)"
)


def any_open(connection: Connection, *keys: str) -> bool:
    """Whether one of these alerts is open."""
    return bool(connection.execute(_OPEN, {"keys": list(keys)}).scalar_one())


# A post that failed or whose process was killed is tried again after a minute; that it is over is said at once.
_CLAIM = text("""
    UPDATE escalation.alerts SET tried_at = clock_timestamp()
    WHERE alert_id IN (
        SELECT alert_id FROM escalation.alerts
        WHERE coalesce(tried_at < greatest(cleared_at, clock_timestamp() - interval '1 minute'), true)
          AND (cleared_at IS NULL
                   AND coalesce(posted_at < clock_timestamp() - make_interval(secs => :repeat), true)
               OR cleared_at IS NOT NULL AND posted_at IS NOT NULL AND clear_posted_at IS NULL)
        ORDER BY raised_at LIMIT greatest(0, :per_hour - (
            SELECT count(*) FILTER (WHERE posted_at > clock_timestamp() - interval '1 hour')
                 + count(*) FILTER (WHERE clear_posted_at > clock_timestamp() - interval '1 hour')
            FROM escalation.alerts))
        FOR UPDATE SKIP LOCKED
    )
    RETURNING alert_id, key, summary, hint, cleared_at IS NOT NULL AS is_over
""")
_POSTED = text("""
    UPDATE escalation.alerts
    SET posted_at = CASE WHEN :is_over THEN posted_at ELSE clock_timestamp() END,
        clear_posted_at = CASE WHEN :is_over THEN clock_timestamp() END
    WHERE alert_id = :alert_id
""")


@dataclass(frozen=True, slots=True)
class Post:
    """One alert to post; no personal data."""

    alert_id: int
    key: str
    summary: str
    hint: str | None
    is_over: bool

    @property
    def words(self) -> str:
        """What a person reads."""
        if self.is_over:
            return f"Over: {self.summary}"
        return f"Escalation worker: {self.summary}" + (f"\n{self.hint}" if self.hint else "")


def claim_posts(connection: Connection, repeat_seconds: float, per_hour: int) -> list[Post]:
    """Take the alerts that are due, so that no other process posts them within the next minute."""
    rows = connection.execute(_CLAIM, {"repeat": repeat_seconds, "per_hour": per_hour})
    return sorted((Post(*row) for row in rows), key=lambda post: post.alert_id)


def note_posted(connection: Connection, post: Post) -> None:
    """The webhook took it."""
    connection.execute(_POSTED, {"alert_id": post.alert_id, "is_over": post.is_over})
