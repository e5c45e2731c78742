"""Events that were set aside are told, until they are replayed or old news."""

from sqlalchemy import Connection, text

from config.settings import get_settings
from services.installation import Installation
from tests.tasks.conftest import connection, installation
from worker.doctor.events import check

__all__ = ["connection", "installation"]

SET_ASIDE = text("""
    INSERT INTO escalation.rejected_events (rejected_id, entry_id, reason, payload, rejected_at, replayed_at)
    SELECT gen_random_uuid(), '1-1', 'no JSON', 'x', now() - interval '1 hour' * hours, replayed
    FROM (VALUES (1, NULL), (2, NULL), (3, now()), (25, NULL)) AS event (hours, replayed)
""")


def test_what_was_set_aside_today_is_told_with_the_command_that_shows_it(
    installation: Installation, connection: Connection
) -> None:
    [none] = check(get_settings())
    assert none.level == "ok"
    connection.execute(SET_ASIDE)
    [some] = check(get_settings())
    assert (some.level, some.found) == ("warning", "2, and nobody has replayed or dismissed them")
    assert "python -m worker rejected list" in some.remedy
