"""Since when the worker may act: what is older is never mailed, chased or mended."""

from datetime import datetime

from sqlalchemy import Connection, text

# The first mode that is ever noted holds since the adoption; afterwards each change is dated.
NOTE = text("""
    INSERT INTO escalation.settings (key, value)
    SELECT 'mode', jsonb_build_object('mode', CAST(:mode AS text), 'at', coalesce(max(value ->> 'at'), now()::text))
    FROM escalation.settings WHERE key = 'adoption'
    ON CONFLICT (key) DO UPDATE
    SET value = jsonb_build_object('mode', CAST(:mode AS text), 'at', now()), updated_at = clock_timestamp()
    WHERE settings.value ->> 'mode' <> :mode
""")
SINCE = text("""
    SELECT max(CAST(value ->> 'at' AS timestamptz)) FROM escalation.settings
    WHERE key = ANY(CAST(:keys AS text[]))
""")


def note_mode(connection: Connection, mode: str) -> None:
    """Remember since when the worker runs in this mode."""
    connection.execute(NOTE, {"mode": mode})


def adopted_at(connection: Connection) -> datetime:
    """When the database was adopted by the first migration."""
    return moment(connection, ["adoption"])


def active_since(connection: Connection) -> datetime:
    """Since when the worker is the one who opens tickets: the adoption, or the end of shadow mode."""
    return moment(connection, ["adoption", "mode"])


def moment(connection: Connection, keys: list[str]) -> datetime:
    at: datetime = connection.execute(SINCE, {"keys": keys}).scalar_one()
    return at
