"""How the queues are (Celery's own are mostly empty), and whether PostgreSQL takes writes and keeps its clock."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from redis import Redis
from redis.exceptions import ResponseError
from sqlalchemy import Connection, text

from config.settings import Settings
from services.events.layout import event_streams
from services.events.stream import GROUP, NO_TIME, EventStream

# A safety mail is late whatever state it is in; other mail when it is due and nobody sends it.
_MAILS = text("""
    WITH mail AS (
        SELECT extract(epoch FROM clock_timestamp() - queued_at) AS age, lane, state,
               state IN ('queued', 'deferred', 'unknown') AND next_attempt_at <= clock_timestamp() AS is_due
        FROM escalation.mail_recipients WHERE state IN ('queued', 'deferred', 'unknown', 'sending', 'held')
    )
    SELECT coalesce(max(age) FILTER (WHERE lane = 'urgent'), 0) AS oldest_urgent,
           count(*) FILTER (WHERE is_due) AS due,
           -- A negative age among them says that the clock was set back, and must not hide behind an older mail.
           coalesce(min(age) FILTER (WHERE age < -2), max(age) FILTER (WHERE is_due), 0) AS oldest_due,
           count(*) FILTER (WHERE state = 'held') AS held,
           coalesce(max(age) FILTER (WHERE state = 'held'), 0) AS oldest_held,
           (SELECT count(*) FROM escalation.rejected_events
            WHERE replayed_at IS NULL AND rejected_at > now() - interval '1 hour') AS rejected
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
    lag, pending, oldest = measure_all_streams(redis)
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


class StreamState(NamedTuple):
    """Entries not read yet, entries read and not finished, and the age of the oldest of both in seconds."""

    lag: int
    pending: int
    oldest: float


def measure_all_streams(redis: Redis) -> StreamState:
    """The state of all event streams together.

    :raises redis.exceptions.ResponseError: a key holds something else, or this user may not look at it
    """
    return sum_up(measure_each_stream(redis).values())


def measure_each_stream(redis: Redis) -> dict[str, StreamState]:
    """The state of each event stream, by its name, with where it is when that is not where it should be."""
    return {stream.label: measure_stream(stream) for stream in event_streams(redis)}


def sum_up(states: Iterable[StreamState]) -> StreamState:
    """What several streams hold together."""
    lags, pendings, ages = zip(*states, strict=True)
    return StreamState(sum(lags), sum(pendings), max(ages))


def measure_stream(stream: EventStream) -> StreamState:
    """The state of one stream."""
    redis, name = stream.redis, stream.name
    try:
        groups = {group["name"].decode(): group for group in redis.xinfo_groups(name)}
    except ResponseError as error:
        if "no such key" in str(error):
            return StreamState(0, 0, 0.0)  # no stream yet
        raise
    group = groups.get(GROUP)
    now = redis_time(redis)
    if group is None:
        return StreamState(redis.xlen(name), 0, _age(_first_id(redis.xrange(name, count=1)), now))
    lag, oldest = _unread(stream, group)
    pending = redis.xpending(name, GROUP)
    ages = [_age(entry_id, now) for entry_id in (oldest, pending["min"]) if entry_id]
    return StreamState(lag, pending["pending"], max(ages, default=0.0))


def _unread(stream: EventStream, group: dict[str, Any]) -> tuple[int, bytes | None]:
    after = group["last-delivered-id"].decode()
    oldest = _first_id(stream.redis.xrange(stream.name, min=f"({after}", count=1))
    # Redis 6.2 has no `lag`, and 7 does not know it after some deletions: then one entry stands for "some".
    lag = group.get("lag")
    return (lag if lag is not None else int(oldest is not None)), oldest


def _first_id(entries: Any) -> bytes | None:
    return entries[0][0] if entries else None


def redis_time(redis: Redis) -> float:
    """Seconds since 1970 by Redis' own clock."""
    answer: Any = redis.time()
    seconds, microseconds = answer
    return float(seconds + microseconds / 1_000_000)


def _age(entry_id: bytes | None, now: float) -> float:
    """By Redis' clock, which made the id; negative when that clock was set back since, 0 for an id that is no time."""
    milliseconds = int(entry_id.decode().partition("-")[0]) if entry_id else NO_TIME
    return now - milliseconds / 1000 if milliseconds < NO_TIME else 0.0


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
    too_much = [f"{name} {value:.0f} > {limit:.0f}" for name, (value, limit) in limits.items() if value > limit]
    # Ages are by the clock of the server that made the row or entry, so none is negative unless it was set back.
    set_back = [f"{name} {value:.0f} < 0: a clock was set back" for name, (value, _) in limits.items() if value < -2]
    return too_much + set_back


# A PostgreSQL that only reads answers everything else.
# One row, written at most every few seconds however many monitors ask. On a server that only reads, or whose disk is
# full, the statement fails. A last write that lies ahead of now was made before the clock was set back.
_WRITE = text("""
    WITH before AS (SELECT updated_at FROM escalation.settings WHERE key = 'write_probe')
    INSERT INTO escalation.settings AS s (key, value, updated_at) VALUES ('write_probe', '{}', clock_timestamp())
    ON CONFLICT (key) DO UPDATE SET updated_at = excluded.updated_at, value = CASE
        WHEN s.updated_at > clock_timestamp() + interval '1 second' THEN jsonb_build_object(
            'set_back_seconds', extract(epoch FROM s.updated_at - clock_timestamp()), 'noticed_at', clock_timestamp())
        ELSE s.value END
    WHERE s.updated_at NOT BETWEEN clock_timestamp() - interval '5 seconds' AND clock_timestamp() + interval '1 second'
    RETURNING (SELECT extract(epoch FROM updated_at - clock_timestamp()) FROM before)::float
""")
_STEP = text("""
    SELECT (value ->> 'set_back_seconds')::float FROM escalation.settings WHERE key = 'write_probe'
    AND (value ->> 'noticed_at')::timestamptz
        BETWEEN clock_timestamp() - interval '10 minutes' AND clock_timestamp() + interval '1 second'
""")


def try_write(connection: Connection) -> float:
    """By how many seconds PostgreSQL's clock has been set back since the last write; 0.0 when it was not.

    :raises sqlalchemy.exc.DBAPIError: PostgreSQL takes no writes
    """
    ahead: float | None = connection.execute(_WRITE).scalar()
    return ahead if ahead is not None and ahead > 1 else 0.0


def recent_step(connection: Connection) -> float:
    """By how many seconds PostgreSQL's clock was set back within the last ten minutes; 0.0 when it was not."""
    return float(connection.execute(_STEP).scalar() or 0.0)
