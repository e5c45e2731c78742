"""A storm: two hundred tickets of one cause. Few mails, each ticket told of, each outcome true, danger at once."""

from collections import Counter
from datetime import timedelta
from email import message_from_bytes
from email.policy import default

import pytest
from sqlalchemy import text

from escalation_client.events import Event, encode
from rules.decision import Examined
from rules.triggers import examine
from services.database.engine import begin
from services.escalation.process_batch import process
from services.events.decoding import Received as ReceivedEvent
from services.events.stream import StreamEntry
from services.installation import get_installation
from services.monitoring.metrics import read_delta, state
from services.outbox.digest import queue_digests, settle_digests
from tests.events import diagnosed, message
from tests.services.delivery.conftest import Setting
from tests.services.delivery.office import Office
from tests.smtp_session import Received

FIRST = 6


def escalate(*events: Event) -> None:
    """Work on events as on one batch."""
    installation = get_installation()
    received = [
        ReceivedEvent(
            StreamEntry("1-0", encode(event).encode(), {}),
            Examined(event, examine(event, installation.policy, installation.lexicon)),
        )
        for event in sorted(events, key=lambda event: event.session_id)
    ]
    with begin() as connection:
        process(connection, received, [], installation)


def pump_fails(number: int) -> Event:
    return diagnosed(f"session-{number:03d}", level="very_low", category="hydraulic")


def sweep(*, minutes: float = 0) -> tuple[int, int]:
    """One sweep so long after the first ticket was held back: digests queued, recipients settled."""
    with begin() as connection:
        held_back = connection.execute(text("SELECT min(queued_at) FROM escalation.mails WHERE content ? 'bundled'"))
        moment = held_back.scalar_one() + timedelta(minutes=minutes)
        settled = settle_digests(connection, get_installation())
        return queue_digests(connection, get_installation(), moment), settled


def outcomes(office: Office) -> "Counter[str]":
    return Counter(row["type"] for row in office.rows("SELECT payload ->> 'type' AS type FROM escalation.outcomes"))


def read(mail: Received) -> str:
    """The subject and plain text of a mail that was taken."""
    message = message_from_bytes(mail.data, policy=default)
    body = message.get_body(("plain",))
    return f"{message['Subject']}\n{body.get_content() if body else ''}"


@pytest.fixture
def storm(office: Office, setting: Setting) -> Office:
    """Two hundred tickets in batches of forty, and one of the same cause that is dangerous."""
    setting(
        public_url="https://tickets.example.org", link_secret="0123456789abcdef" * 2, mail_connections=1,
        mail_run_seconds=60,
    )  # fmt: skip
    for start in range(0, 200, 40):
        escalate(*map(pump_fails, range(start, start + 40)))
    escalate(
        diagnosed("danger", level="very_low", category="hydraulic"), message("danger", "there is smoke from the pump")
    )
    return office


def test_two_hundred_tickets_are_few_mails_and_every_ticket_is_told_of(storm: Office) -> None:
    storm.send()
    assert len(storm.server.messages) == FIRST + 1
    assert any("SAFETY" in read(mail) for mail in storm.server.messages)
    assert outcomes(storm) == {"ticket.opened": 201, "mail.accepted": FIRST + 1}

    assert sweep(minutes=2.9) == (0, 0)
    assert sweep(minutes=3.1) == (2, 0)
    storm.send()
    assert len(storm.server.messages) == FIRST + 1 + 2
    assert sweep() == (0, 194)
    assert outcomes(storm) == {"ticket.opened": 201, "mail.accepted": 201}

    told = "\n".join(read(mail) for mail in storm.server.messages)
    numbers = [row["ticket_number"] for row in storm.rows("SELECT ticket_number FROM escalation.tickets")]
    assert [number for number in numbers if number not in told] == []
    digest = read(storm.server.messages[-1])
    assert "further tickets" in digest
    assert "one kind of problem: hydraulic" in digest
    assert "Each is a ticket of its own, with its own priority and time limit." in " ".join(digest.split())
    assert "https://tickets.example.org/d/" in digest
    assert digest.count("https://tickets.example.org/t/") >= 94
    assert storm.states() == {"accepted": 194 + FIRST + 2 + 2}
    assert storm.send() == {}


def test_figures_tell_apart_what_waits_for_a_digest_on_purpose(storm: Office) -> None:
    before = storm.connection.execute(text("SELECT clock_timestamp() - interval '1 minute'")).scalar_one()
    storm.send()
    waiting = {(row["state"], row["lane"]): row["count"] for row in state(storm.connection).mails}
    assert waiting == {("bundled", "normal"): 194}
    sweep(minutes=3.1)
    storm.send()
    sweep()
    after = storm.connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    lanes = Counter(row["lane"] for row in read_delta(storm.connection, before, after).accepted)
    assert lanes == {"urgent": 2, "normal": FIRST, "bundled": 194}, "danger has two readers"


def test_news_wait_on_purpose_only_until_their_time(office: Office, setting: Setting) -> None:
    setting(mail_bundle_seconds=60)
    escalate(pump_fails(1))
    office.send()
    escalate(message("session-001", "I want to talk to a human"))
    assert [row["state"] for row in state(office.connection).mails] == ["bundled"]
    office.minutes_pass(2)
    assert [row["state"] for row in state(office.connection).mails] == ["queued"], "no mailer runs"


def test_a_digest_that_is_refused_leaves_each_ticket_its_own_mail(storm: Office) -> None:
    storm.send()
    sweep(minutes=3.1)
    storm.connection.exec_driver_sql(
        "UPDATE escalation.mail_recipients AS r SET state = 'refused' FROM escalation.mails AS m "
        "WHERE m.mail_id = r.mail_id AND m.template = 'ticket_digest'"
    )
    assert sweep() == (0, 0)
    assert storm.send() == {}
    storm.minutes_pass(11)
    assert storm.send() == {"accepted": 194}
    assert outcomes(storm)["mail.accepted"] == 201


def test_one_that_is_left_alone_is_mailed_as_it_is(office: Office, setting: Setting) -> None:
    setting(mail_connections=1)
    for number in range(FIRST + 1):
        escalate(pump_fails(number))
    assert office.send() == {"accepted": FIRST}
    assert sweep(minutes=3.1) == (0, 0)
    assert office.send() == {"accepted": 1}
    assert outcomes(office)["mail.accepted"] == FIRST + 1
