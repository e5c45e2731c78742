"""What is older than the switch-on is left alone by everything that runs."""

import pytest
from celery import Celery
from sqlalchemy import Connection, Engine, text

from services.installation import Installation
from services.schema.migrate import migrate
from tests.services.schema.abparts_models import METADATA
from tests.services.schema.rows import rows
from tests.tasks.conftest import connection, installation, publish, redis
from worker.celery_app import app
from worker.schedule import beat_schedule

__all__ = ["connection", "installation", "publish", "redis"]

OLD = (
    """INSERT INTO ai_sessions (id, user_id, status, language, created_at, updated_at)
       SELECT 's' || n, 'u', 'escalated', 'en', timezone('UTC', now()) - interval '3 hours', now()
       FROM generate_series(1, 1500) AS n""",
    """INSERT INTO support_tickets (id, session_id, ticket_number, priority, status, escalation_reason,
                                    session_summary, created_at, updated_at)
       SELECT 't' || n, 's' || n, 'AB-20260101-' || n, 'urgent', 'open', 'safety_concern', '',
              timezone('UTC', now()) - interval '3 hours', now() FROM generate_series(1, 1000) AS n""",
    """INSERT INTO escalation_triggers (id, session_id, trigger_type, triggered_at, escalation_decision)
       SELECT 'g' || n, 's' || n, 'safety_concern', timezone('UTC', now()) - interval '3 hours', 'escalate'
       FROM generate_series(1001, 1500) AS n""",
)

# So that what is only a little too young for the sweeps is not taken for what is too old.
ADOPTED_EARLIER = """
    UPDATE escalation.settings SET value = jsonb_build_object('at', now() - interval '2 hours') WHERE key = 'adoption'
"""


@pytest.fixture
def database_url(empty: Engine, empty_database_url: str) -> str:
    """ABParts' database with much that is old, migrated just now."""
    METADATA.create_all(empty)
    with empty.begin() as connection:
        for statement in OLD:
            connection.execute(text(statement))
    migrate(empty)
    with empty.begin() as connection:
        connection.execute(text(ADOPTED_EARLIER))
    return empty_database_url


def run_all_sweeps(celery: Celery) -> list[str]:
    """Run every task that beat rings for, and return their names."""
    celery.loader.import_default_modules()
    names = sorted(entry["task"] for entry in beat_schedule().values())
    for name in names:
        celery.tasks[name].apply(throw=name != "escalation.queue_health")
    return names


def test_a_thousand_old_tickets_and_five_hundred_old_triggers_give_no_mail(
    installation: Installation, connection: Connection
) -> None:
    ran = run_all_sweeps(app)
    assert len(ran) > 5
    assert "escalation.drain_events" in ran
    for table in ("mails", "mail_recipients", "outcomes", "tickets", "ticket_rungs"):
        assert rows(connection, f"SELECT * FROM escalation.{table}") == [], table
    assert rows(connection, "SELECT count(*) AS n FROM public.support_tickets") == [{"n": 1000}]
