"""PostgreSQL only reads for a while: somebody is told at once, and events go on within seconds of the repair."""

import pytest
from redis import Redis
from sqlalchemy import Connection, make_url, text

from escalation_client.events import encode
from services.events.stream import EVENTS
from tests.conftest import command
from tests.events import message
from tests.observe.webhook import listening
from tests.processes import Processes, wait_for
from worker.embedded import EmbeddedPostgres

pytestmark = pytest.mark.long

TICKETS = text("SELECT count(*) FROM escalation.tickets")
# A sweep comes every three seconds, on a busy machine a few times that. Pooled sessions once read for half an hour.
AFTER_THE_REPAIR = 30.0


def test_a_database_that_only_reads_is_told_and_events_go_on_after_the_repair(
    family: Processes,
    redis: Redis,
    connection: Connection,
    postgres: EmbeddedPostgres,
    database_url: str,
) -> None:
    name = make_url(database_url).database
    with listening() as webhook:
        told = {"ALERT_WEBHOOK_URL": webhook.url, "ALERT_AFTER_SECONDS": "10"}
        family.worker(ALERT_WEBHOOK_URL=webhook.url, ALERT_AFTER_SECONDS="10")
        family.start("celery", "-A", "worker", "beat", "-l", "INFO", **told)
        command(postgres, f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        # Those who are connected keep what they had: they are ended, as at a failover.
        command(postgres, f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{name}'"
                          " AND application_name = 'escalation-worker'")  # fmt: skip
        redis.xadd(EVENTS, {"event": encode(message("s1", "there is smoke"))})
        wait_for(lambda: any("takes no writes" in words for words in webhook.texts()), "the alert")
        assert connection.execute(TICKETS).scalar_one() == 0
        command(postgres, f"ALTER DATABASE {name} RESET default_transaction_read_only")
        wait_for(lambda: connection.execute(TICKETS).scalar_one() == 1, "the ticket", seconds=AFTER_THE_REPAIR)
        wait_for(lambda: any(words.startswith("Over:") for words in webhook.texts()), "the end of the alert")
