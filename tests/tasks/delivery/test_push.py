"""Who is asked for help and has push channels is woken by them, with the outbox's guarantees."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection

from config.settings import get_settings
from rules.delivery import Lane
from services.database.engine import begin, standalone
from services.delivery.alerts import tell_held, watch
from services.delivery.claim import claim
from services.delivery.lease import lease, reap
from services.delivery.record import begin_body
from services.installation import Installation, get_installation
from services.tickets.actions import acknowledge
from services.tickets.escalation_ladder import escalate_unacknowledged
from tasks.delivery.push import deliver_pushes
from tasks.evaluation.batch import write
from tests.config.changed_contacts import Changed
from tests.events import confidence, message
from tests.push_service import PushService, push_service
from tests.tasks.conftest import connection, entries, forget, installation, publish, redis, rows
from tests.tasks.evaluation.batches import Entries

__all__ = ["connection", "entries", "installation", "publish", "redis"]

STATES = """
    SELECT m.template, r.address, r.state, r.attempts, r.reply FROM escalation.mails AS m
    JOIN escalation.mail_recipients AS r USING (mail_id) WHERE m.lane = 'push' ORDER BY m.queued_at, r.address
"""
OUTCOMES = "SELECT payload ->> 'type' AS type FROM escalation.outcomes ORDER BY position"


@pytest.fixture
def service() -> Iterator[PushService]:
    with push_service() as running:
        yield running


@pytest.fixture
def on_call(
    service: PushService, installation: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Installation:
    """The emergency line and the electrical specialist have channels."""
    changed = Changed(tmp_path / "contacts.toml")
    changed.with_text("emergency = true", f'emergency = true\nnotify = ["{service.ntfy}"]')
    changed.with_text('key = "electrical"', f'key = "electrical"\nnotify = ["{service.json}"]\nnotify_from = "high"')
    monkeypatch.setenv("CONTACTS_FILE", str(changed.path))
    monkeypatch.setenv("PUBLIC_URL", "https://tickets.example.org")
    monkeypatch.setenv("LINK_SECRET", "0123456789abcdef0123456789abcdef")
    forget()
    return get_installation()


@pytest.fixture
def number(on_call: Installation, entries: Entries, connection: Connection) -> str:
    """A safety ticket."""
    write(entries([message("s", "there is smoke from the cabinet, says Maria")]), on_call)
    return str(rows(connection, "SELECT ticket_number FROM escalation.tickets")[0]["ticket_number"])


def states(connection: Connection) -> list[tuple[str, str, str]]:
    return [(row["template"], row["address"], row["state"]) for row in rows(connection, STATES)]


def test_danger_wakes_the_contact_of_the_route_at_once(
    number: str, service: PushService, connection: Connection
) -> None:
    assert deliver_pushes(get_settings()) == {"accepted": 1}
    assert states(connection) == [("push_opened", "emergency via ntfy", "accepted")]
    (pushed,) = service.pushed
    assert number in pushed.body
    assert "https://tickets.example.org/t/" in pushed.body
    assert not any(word in pushed.body for word in ("Maria", "smoke", "s@"))
    assert "push.accepted" in [row["type"] for row in rows(connection, OUTCOMES)]
    assert deliver_pushes(get_settings()) == {}


def test_what_is_not_urgent_wakes_nobody(on_call: Installation, entries: Entries, connection: Connection) -> None:
    assert write(entries([confidence("s", 0.1)]), on_call).result.pushes == 0
    assert states(connection) == []


def test_a_ticket_that_nobody_takes_reaches_a_second_person_by_push(
    number: str, service: PushService, connection: Connection, on_call: Installation
) -> None:
    deliver_pushes(get_settings())
    with begin() as own:
        assert escalate_unacknowledged(own, on_call, datetime.now(UTC) + timedelta(minutes=11)) == 1
    assert deliver_pushes(get_settings()) == {"accepted": 1}
    assert states(connection)[1:] == [("push_unacknowledged", "electrical via json", "accepted")]
    assert "Nobody has taken it" in service.pushed[1].body


def test_a_no_is_tried_again_and_an_alert_tells_after_three(
    number: str, service: PushService, connection: Connection
) -> None:
    service.answers = [(500, ""), (500, ""), (500, ""), (200, "{}")]
    for _ in range(3):
        assert deliver_pushes(get_settings()) == {"deferred": 1}
        connection.exec_driver_sql("UPDATE escalation.mail_recipients SET next_attempt_at = clock_timestamp()")
    with begin() as own:
        watch(own, get_settings(), account_works=True)
    open_alerts = "SELECT key FROM escalation.alerts WHERE cleared_at IS NULL"
    assert [row["key"] for row in rows(connection, open_alerts)] == ["push_failing"]

    assert deliver_pushes(get_settings()) == {"accepted": 1}
    with begin() as own:
        watch(own, get_settings(), account_works=True)
    assert rows(connection, open_alerts) == []


def test_a_killed_sender_leaves_it_unknown_and_it_is_sent_once_more(
    number: str, service: PushService, connection: Connection
) -> None:
    with standalone() as session, lease(session) as lease_id:
        with begin() as own:
            (push,) = claim(own, lease_id, [Lane.PUSH], 8)
        with session.begin():
            begin_body(session, lease_id, push.recipient_ids)
    with begin() as own:
        assert reap(own, get_settings().mail_times) == {"unknown": 1}
    connection.exec_driver_sql("UPDATE escalation.mail_recipients SET next_attempt_at = clock_timestamp()")
    assert deliver_pushes(get_settings()) == {"accepted": 1}
    assert len(service.pushed) == 1


def test_who_was_woken_hears_that_somebody_has_it_and_what_still_waits_is_called_off(
    number: str, service: PushService, connection: Connection, on_call: Installation
) -> None:
    deliver_pushes(get_settings())
    with begin() as own:
        escalate_unacknowledged(own, on_call, datetime.now(UTC) + timedelta(minutes=11))
    with begin() as own:
        acknowledge(own, number, "Maria")
    assert deliver_pushes(get_settings()) == {"accepted": 1}
    assert states(connection) == [
        ("push_opened", "emergency via ntfy", "accepted"),
        ("push_unacknowledged", "electrical via json", "cancelled"),
        ("push_acknowledged", "emergency via ntfy", "accepted"),
    ]
    assert "Somebody has taken it" in service.pushed[-1].body
    assert "Maria" not in service.pushed[-1].body


def test_nobody_says_that_nobody_was_reached_while_a_push_has_arrived(number: str, connection: Connection) -> None:
    mails = "UPDATE escalation.mail_recipients SET state = 'held' WHERE lane <> 'push'"
    connection.exec_driver_sql(mails)
    deliver_pushes(get_settings())
    with begin() as own:
        assert tell_held(own, account_works=False) == 0


def test_a_channel_that_was_taken_out_is_refused(
    number: str, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CONTACTS_FILE")
    forget()
    assert deliver_pushes(get_settings()) == {"refused": 1}


def test_a_service_that_does_not_answer_keeps_no_mail_waiting(
    number: str, service: PushService, connection: Connection
) -> None:
    with begin() as own, standalone() as session, lease(session) as lease_id:
        claimed = claim(own, lease_id, [Lane.URGENT, Lane.NORMAL], 10)
    assert [sorted(mail.addresses) for mail in claimed] == [["emergency@example.com", "support@example.com"]]
