"""No service waits for the migration, so programs may start before it: they wait, and go on by themselves."""

import pytest
from redis import Redis
from sqlalchemy import create_engine, text

from escalation_client.events import encode
from services.database.engine import driver_url
from services.events.stream import EVENTS
from tests.deploy.compose import command_of
from tests.events import confidence
from tests.processes import Processes, wait_for

pytestmark = pytest.mark.long

TICKETS = text("SELECT count(*) FROM public.support_tickets")


def test_programs_that_start_before_the_database_is_prepared_wait_for_it(
    family: Processes, redis: Redis, empty_database_url: str
) -> None:
    family.environment["DATABASE_URL"] = empty_database_url
    worker, beat = family.worker(), family.beat()
    redis.xadd(EVENTS, {"event": encode(confidence("early", 0.1))})
    wait_for(lambda: "escalation" in worker.output and '"level": "error"' in worker.output, "a word about it")
    migration = family.start(*command_of("migrate"))
    wait_for(lambda: migration.popen.poll() is not None, "the end of the migration")
    assert migration.popen.returncode == 0, migration.output
    engine = create_engine(driver_url(empty_database_url), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        wait_for(lambda: connection.execute(TICKETS).scalar_one() == 1, "the ticket")
    engine.dispose()
    assert worker.popen.poll() is None
    assert beat.popen.poll() is None


def test_a_migration_that_fails_ends_with_what_to_do(family: Processes) -> None:
    family.environment["DATABASE_URL"] = "postgresql://nobody@127.0.0.1:1/none"
    migration = family.start("worker", "db", "migrate", "--wait", "1")
    wait_for(lambda: migration.popen.poll() is not None, "its end")
    assert migration.popen.returncode == 1
    assert "run this again before any program is updated" in migration.output.splitlines()[-1]
