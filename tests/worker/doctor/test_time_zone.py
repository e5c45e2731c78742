"""Times in another zone than UTC are found by where they come from and by what they have done."""

from sqlalchemy import Connection

from services.database.engine import begin
from services.installation import Installation
from tests.services.tickets.conftest import Opened, by_sql, opened
from tests.tasks.conftest import connection, entries, installation, publish, redis
from worker.doctor.time_zone import check_time_zones

__all__ = ["connection", "entries", "installation", "opened", "publish", "redis"]


def found() -> list[tuple[str, str]]:
    with begin() as own:
        return [(result.level, result.found) for result in check_time_zones(own)]


def test_a_database_and_a_role_with_another_zone_are_named(installation: Installation, connection: Connection) -> None:
    assert found() == [("ok", "none")]
    name = connection.engine.url.database
    by_sql(connection, f"ALTER DATABASE \"{name}\" SET timezone = 'Europe/Athens'")
    by_sql(connection, f"ALTER ROLE CURRENT_USER IN DATABASE \"{name}\" SET timezone = 'Etc/UTC'")
    try:
        assert found() == [("warning", f"database {name} has TimeZone Europe/Athens")]
        by_sql(connection, f"ALTER ROLE CURRENT_USER IN DATABASE \"{name}\" SET timezone = 'Asia/Muscat'")
        assert any("has TimeZone Asia/Muscat" in words for _, words in found())
    finally:
        by_sql(connection, f'ALTER ROLE CURRENT_USER IN DATABASE "{name}" RESET timezone')
        by_sql(connection, f'ALTER DATABASE "{name}" RESET timezone')


def test_a_ticket_that_was_closed_in_local_time_is_counted(opened: Opened, connection: Connection) -> None:
    opened()
    by_sql(
        connection,
        "UPDATE public.support_tickets SET status = 'resolved', resolved_at = timezone('Europe/Athens', now())",
    )
    ((level, words),) = found()
    assert level == "warning"
    assert words.startswith("1 ticket with a resolved_at after")
