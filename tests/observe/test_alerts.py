"""Alerts arrive at a real HTTP server, once, again when it was away, and when they are over."""

import re
from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, text

from config.settings import get_settings
from escalation_client.events import encode
from services.database.engine import begin
from services.delivery.alerts import ALERTS as OUTBOX
from services.events.rejected import dismiss
from services.events.stream import StreamEntry
from services.installation import Installation, get_installation
from services.monitoring.alerts import clear_alerts, raise_alert
from services.monitoring.health import Health, exceeded_limits
from services.monitoring.webhooks import body_for
from tasks import sweeps
from tasks import sweeps as alerts
from tasks.evaluation.batch import write
from tests.events import message
from tests.observe.webhook import Webhook, listening
from tests.processes import ROOT
from tests.tasks.conftest import connection as watching
from tests.tasks.conftest import installation
from worker.liveness.monitor import ALARMS

__all__ = ["installation", "watching"]

AWFUL = Health(*[99_999] * 9)


@pytest.fixture
def webhook(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> Iterator[Webhook]:
    with listening() as server:
        monkeypatch.setenv("ALERT_WEBHOOK_URL", server.url)
        get_settings.cache_clear()
        yield server


def alert(key: str = "mail_account") -> None:
    with begin() as connection:
        raise_alert(connection, key, f"{key} does not work", "fix it")


def minutes_later(minutes: int) -> None:
    with begin() as connection:
        connection.execute(
            text("""UPDATE escalation.alerts SET tried_at = tried_at - make_interval(mins => :minutes),
                    posted_at = posted_at - make_interval(mins => :minutes)"""),
            {"minutes": minutes},
        )


def test_an_alert_is_posted_once(webhook: Webhook) -> None:
    alert()
    assert alerts.post_alerts() == "due=1 posted=1"
    minutes_later(10)
    assert alerts.post_alerts() == "due=0 posted=0"
    assert [post["text"] for post in webhook.posts] == ["Escalation worker: mail_account does not work\nfix it"]


def test_it_is_posted_again_after_hours_and_when_it_is_over(webhook: Webhook) -> None:
    alert()
    alerts.post_alerts()
    minutes_later(241)
    assert alerts.post_alerts() == "due=1 posted=1"
    with begin() as connection:
        clear_alerts(connection, "mail_account")
    minutes_later(2)
    assert alerts.post_alerts() == "due=1 posted=1"
    assert webhook.posts[-1]["text"] == "Over: mail_account does not work"
    minutes_later(241)
    assert alerts.post_alerts() == "due=0 posted=0"


def test_a_webhook_that_fails_is_tried_again_after_a_minute(webhook: Webhook) -> None:
    alert()
    webhook.status = 503
    assert alerts.post_alerts() == "due=1 posted=0"
    assert alerts.post_alerts() == "due=0 posted=0"
    minutes_later(2)
    webhook.status = 200
    assert alerts.post_alerts() == "due=1 posted=1"


def test_at_most_so_many_are_posted_in_an_hour(webhook: Webhook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALERT_PER_HOUR", "2")
    get_settings.cache_clear()
    for number in range(5):
        alert(f"alert_{number}")
    assert alerts.post_alerts() == "due=2 posted=2"
    minutes_later(2)
    assert alerts.post_alerts() == "due=0 posted=0"
    minutes_later(61)
    assert alerts.post_alerts() == "due=2 posted=2"


def test_a_limit_of_the_queues_becomes_an_alert_and_is_cleared(webhook: Webhook, watching: Connection) -> None:
    watching.execute(
        text("""INSERT INTO escalation.rejected_events (rejected_id, entry_id, reason, payload)
                SELECT gen_random_uuid(), n::text, 'bad', '' FROM generate_series(1, 101) AS n""")
    )
    assert alerts.post_alerts() == "due=1 posted=1"
    assert "events set aside in an hour 101 > 100" in webhook.posts[0]["text"]
    watching.execute(text("DELETE FROM escalation.rejected_events"))
    minutes_later(2)
    alerts.post_alerts()
    assert webhook.posts[-1]["text"].startswith("Over:")


def test_dismissing_events_with_a_reason_ends_their_alert(webhook: Webhook, watching: Connection) -> None:
    watching.execute(
        text("""INSERT INTO escalation.rejected_events (rejected_id, entry_id, reason, payload)
                SELECT gen_random_uuid(), n::text, 'bad', '' FROM generate_series(1, 101) AS n""")
    )
    assert alerts.post_alerts() == "due=1 posted=1"
    rejected_id = watching.execute(text("SELECT rejected_id FROM escalation.rejected_events LIMIT 1")).scalar_one()
    with begin() as connection:
        assert dismiss(connection, rejected_id, "Maria", "a test of the assistant's developers")
    minutes_later(2)
    alerts.post_alerts()
    assert webhook.posts[-1]["text"].startswith("Over:")


def test_the_page_says_what_to_do_for_whatever_is_posted(installation: Installation) -> None:
    page = (ROOT / "docs" / "operate.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| (.+) \| (.+) \|$", page, re.MULTILINE))
    told = [alarm.summary.partition(";")[0] for alarm in ALARMS.values()]
    outbox = [summary.removeprefix("{count} ") for _, summary, _ in OUTBOX.values()]
    limits = [words.partition(" (s)")[0].partition(" 9")[0] for words in exceeded_limits(AWFUL, installation.settings)]
    every = (*told, *outbox, *limits, "mail is held", "mail after mail is refused", "mail cannot be sent")
    assert [words for words in every if not any(words in said for said in rows)] == []
    sections = {section for said, section in rows.items() if any(words in said for words in every)}
    assert [section for section in sections if f"### {section}\n" not in page] == []


def test_a_safety_mail_that_nobody_accepts_becomes_an_alert_after_two_minutes(
    webhook: Webhook, watching: Connection
) -> None:
    write([StreamEntry("1-0", encode(message("s", "there is smoke", safety=True)).encode(), {})], get_installation())
    assert alerts.post_alerts() == "due=0 posted=0"
    watching.execute(text("UPDATE escalation.mail_recipients SET queued_at = queued_at - interval '121 seconds'"))
    assert alerts.post_alerts() == "due=1 posted=1"
    assert "oldest safety mail (s) 121 > 120" in webhook.posts[0]["text"]
    with pytest.raises(sweeps.QueueTrouble, match="oldest safety mail"):
        sweeps.queue_health()
    watching.execute(text("UPDATE escalation.mail_recipients SET state = 'accepted'"))
    assert "oldest_urgent=0" in sweeps.queue_health()


def test_slack_and_teams_get_the_shape_that_they_take() -> None:
    assert body_for("https://hooks.slack.com/services/x", "one") == {"text": "one"}
    teams = body_for("https://example.webhook.office.com/x", "one\ntwo")
    assert [block["text"] for block in teams["attachments"][0]["content"]["body"]] == ["one", "two"]
