"""Tries a write, since a PostgreSQL that only reads answers everything else; and notices a clock that was set back."""

from sqlalchemy import Connection, text

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
