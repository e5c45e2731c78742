"""Something breaks while users wait: the doctor names it, an alert is posted; once mended, nothing was lost."""

from collections.abc import Iterator

import pytest
from redis import Redis
from sqlalchemy import Connection, text

from escalation_client.events import encode
from services.stream import EVENTS
from tests.doctor.conftest import Doctor
from tests.events import confidence, message
from tests.observe.webhook import Webhook, listening
from tests.processes import Processes, wait_for

STATES = text("SELECT state FROM escalation.mail_recipients")


@pytest.fixture
def webhook(family: Processes) -> Iterator[Webhook]:
    with listening() as server:
        family.environment.update(
            ALERT_WEBHOOK_URL=server.url, MAIL_FIRST_PROBE_SECONDS="1", MAIL_NEXT_PROBE_SECONDS="1"
        )
        yield server


def states(connection: Connection) -> set[str]:
    return set(connection.execute(STATES).scalars())


def test_a_wrong_mail_password(
    doctor: Doctor, family: Processes, webhook: Webhook, redis: Redis, connection: Connection
) -> None:
    right = family.environment["SMTP_PASSWORD"]
    family.environment["SMTP_PASSWORD"] = "planted-secret-1"
    worker, beat = family.worker(), family.beat()
    redis.xadd(EVENTS, {"event": encode(confidence("s1", 0.1))})
    redis.xadd(EVENTS, {"event": encode(message("s2", "planted words: there is smoke"))})
    wait_for(lambda: any("mail is held" in words for words in webhook.texts()), "the alert")
    assert "535" in doctor.examine().broken()["mail"]["found"]
    assert "accepted" not in states(connection)

    worker.stop()
    family.environment["SMTP_PASSWORD"] = right
    mended = family.worker()
    wait_for(lambda: states(connection) == {"accepted"}, "the acceptance of all that was held")
    wait_for(lambda: any(words.startswith("Over: mail is held") for words in webhook.texts()), "the all-clear", 150)
    for process in (worker, beat, mended):
        leaks = ("planted-secret-1", right, "planted words", "hook-secret", "support@example.com")
        assert [secret for secret in leaks if secret in process.output] == []


def test_a_worker_and_a_beat_that_are_gone(
    doctor: Doctor, family: Processes, redis: Redis, connection: Connection
) -> None:
    worker, beat = family.worker(), family.beat()
    wait_for(lambda: doctor.examine().code == 0, "a clean bill of health")
    worker.kill()
    beat.kill()
    redis.xadd(EVENTS, {"event": encode(confidence("s1", 0.1))})
    words = [one["found"] for one in doctor.examine().of("workers", "broken")]
    assert "nobody consumes queue events" in words

    worker.restart()
    beat.restart()
    wait_for(lambda: states(connection) == {"accepted"}, "the mail of what waited in the stream")
    wait_for(lambda: doctor.examine().code == 0, "a clean bill of health")
