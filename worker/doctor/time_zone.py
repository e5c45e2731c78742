"""Times that are written in another zone than UTC: columns without a zone then hold the wrong moment."""

from collections.abc import Iterator
from contextlib import closing
from typing import Final

import psycopg2
from sqlalchemy import Connection, text

from rules.explanation import counted
from services.events.session_state import closing_time, is_finished
from worker.doctor.finding import CheckedPart, CheckResult

_TRIED: Final = "look for a TimeZone other than UTC"
_SAME_AS_UTC: Final = frozenset({"utc", "uct", "gmt", "zulu", "universal", "greenwich", "gmt0"})
_REMEDY: Final = "Set it to UTC where ABParts and its people write: ALTER {kind} … SET timezone = 'UTC'."
_SETTINGS = text("""
    SELECT d.datname AS database, r.rolname AS role, split_part(setting, '=', 2) AS zone
    FROM pg_db_role_setting AS s CROSS JOIN unnest(s.setconfig) AS setting
    LEFT JOIN pg_database AS d ON d.oid = s.setdatabase LEFT JOIN pg_roles AS r ON r.oid = s.setrole
    WHERE lower(setting) LIKE 'timezone=%' AND (s.setdatabase = 0 OR d.datname = current_database())
    ORDER BY database, role
""")
_SERVER: Final = "SELECT setting, source FROM pg_settings WHERE name = 'TimeZone'"
_LATE = text(f"""
    SELECT count(*) FROM escalation.tickets AS own JOIN public.support_tickets AS t ON t.id = own.ticket_id
    WHERE {is_finished("t")} AND t.resolved_at AT TIME ZONE 'UTC' > {closing_time("t")} + interval '1 minute'
""")


def check_time_zones(connection: Connection) -> Iterator[CheckResult]:
    """Name each database and role with another zone, and tickets whose `resolved_at` lies after their closing."""
    part = CheckedPart("postgresql")
    found = 0
    for row in connection.execute(_SETTINGS):
        if not _is_utc(row.zone):
            found += 1
            where = f"role {row.role}" if row.role else f"database {row.database}"
            remedy = _REMEDY.format(kind="ROLE" if row.role else "DATABASE")
            yield part.warning(_TRIED, f"{where} has TimeZone {row.zone}", remedy)
    zone, source = _read_default(connection)
    if source in {"default", "configuration file"} and not _is_utc(zone):
        found += 1
        yield part.warning(_TRIED, f"the server has TimeZone {zone}", _REMEDY.format(kind="DATABASE"))
    if late := connection.execute(_LATE).scalar_one():
        found += 1
        yield part.warning(
            _TRIED,
            f"{counted(late, 'ticket')} with a resolved_at after the moment at which the database saw the change",
            "They were closed in local time; the worker goes by the database's clock. Write timezone('UTC', now()).",
        )
    if not found:
        yield part.ok(_TRIED, "none")


def _is_utc(zone: str) -> bool:
    return zone.strip("\"'").lower().removeprefix("etc/") in _SAME_AS_UTC


def _read_default(connection: Connection) -> tuple[str, str]:
    """The zone of a connection that, unlike ours, asks for none, and where PostgreSQL has it from."""
    url = connection.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with closing(psycopg2.connect(url, connect_timeout=5)) as plain, plain.cursor() as cursor:
        cursor.execute(_SERVER)
        row = cursor.fetchone()
    return (str(row[0]), str(row[1])) if row else ("", "")
