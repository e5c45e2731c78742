"""How the queues are: Celery's own are nearly always empty here, so these are the ones to watch."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from redis import Redis
from redis.exceptions import ResponseError
from sqlalchemy import Connection, text

from config.settings import Settings
from services.events.stream import EVENTS, GROUP

# A safety mail is late whatever state it is in; other mail when it is due and nobody sends it.
_MAILS = text("""
    WITH mail AS (
        SELECT extract(epoch FROM clock_timestamp() - queued_at) AS age, lane, state,
               state IN ('queued', 'deferred', 'unknown') AND next_attempt_at <= clock_timestamp() AS is_due
        FROM escalation.mail_recipients WHERE state IN ('queued', 'deferred', 'unknown', 'sending', 'held')
    )
    SELECT coalesce(max(age) FILTER (WHERE lane = 'urgent'), 0) AS oldest_urgent,
           count(*) FILTER (WHERE is_due) AS due, coalesce(max(age) FILTER (WHERE is_due), 0) AS oldest_due,
           count(*) FILTER (WHERE state = 'held') AS held,
           coalesce(max(age) FILTER (WHERE state = 'held'), 0) AS oldest_held,
           (SELECT count(*) FROM escalation.rejected_events WHERE rejected_at > now() - interval '1 hour') AS rejected
    FROM mail
""")


@dataclass(frozen=True, slots=True)
class Health:
    """Counts and ages in seconds."""

    lag: int
    pending: int
    oldest_event: float
    oldest_urgent: float
    due: int
    oldest_mail: float
    held: int
    oldest_held: float
    rejected_last_hour: int

    def summary(self) -> str:
        return " ".join(f"{name}={round(getattr(self, name))}" for name in self.__slots__)


def measure(connection: Connection, redis: Redis) -> Health:
    """The state of stream and outbox at this moment."""
    lag, pending, oldest = stream_state(redis)
    mails = connection.execute(_MAILS).one()
    return Health(
        lag,
        pending,
        oldest,
        float(mails.oldest_urgent),
        mails.due,
        float(mails.oldest_due),
        mails.held,
        float(mails.oldest_held),
        mails.rejected,
    )


def stream_state(redis: Redis) -> tuple[int, int, float]:
    """Entries not read yet, entries read and not finished, and the age of the oldest of both in seconds."""
    try:
        groups = {group["name"].decode(): group for group in redis.xinfo_groups(EVENTS)}
    except ResponseError:
        return 0, 0, 0.0  # no stream yet
    group = groups.get(GROUP)
    if group is None:
        return redis.xlen(EVENTS), 0, age(_first_id(redis.xrange(EVENTS, count=1)))
    lag, oldest = _unread(redis, group)
    pending = redis.xpending(EVENTS, GROUP)
    return lag, pending["pending"], max(age(oldest), age(pending["min"]))


def _unread(redis: Redis, group: dict[str, Any]) -> tuple[int, bytes | None]:
    oldest = _first_id(redis.xrange(EVENTS, min=f"({group['last-delivered-id'].decode()}", count=1))
    # Redis 6.2 has no `lag`, and 7 does not know it after some deletions: then one entry stands for "some".
    lag = group.get("lag")
    return (lag if lag is not None else int(oldest is not None)), oldest


def _first_id(entries: Any) -> bytes | None:
    return entries[0][0] if entries else None


def age(entry_id: bytes | None) -> float:
    if entry_id is None:
        return 0.0
    milliseconds = int(entry_id.decode().partition("-")[0])
    return max(0.0, datetime.now(UTC).timestamp() - milliseconds / 1000)


def exceeded_limits(health: Health, settings: Settings) -> list[str]:
    """Each limit that is passed, in words."""
    limits = {
        "stream lag": (health.lag, settings.health_stream_lag),
        "oldest undecided event (s)": (health.oldest_event, settings.health_oldest_event_seconds),
        "oldest safety mail (s)": (health.oldest_urgent, settings.health_oldest_urgent_seconds),
        "oldest due mail (s)": (health.oldest_mail, settings.health_oldest_mail_seconds),
        "oldest held mail (s)": (health.oldest_held, settings.health_oldest_mail_seconds),
        "events set aside in an hour": (health.rejected_last_hour, settings.health_rejected_per_hour),
    }
    return [f"{name} {value:.0f} > {limit:.0f}" for name, (value, limit) in limits.items() if value > limit]
