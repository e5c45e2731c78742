"""What a real mail server (Debian's Postfix) refuses, and what is made of it."""

import pytest

from services.database.engine import begin
from tasks import mail
from tests import events
from tests.services.delivery.conftest import Setting
from tests.services.delivery.delivered import parsed
from tests.services.delivery.office import Office
from tests.services.delivery.postfix import NEEDED, NOBODY, PASSWORD, SUPPORT, Postfix
from tests.services.escalated import escalate

pytestmark = pytest.mark.debian(*NEEDED)


def test_a_recipient_that_is_not_known_stops_no_other(server: Postfix, sender: Office) -> None:
    mail_id = sender.queue("hello", NOBODY, SUPPORT)

    assert mail.deliver_due() == "sent=1 refused=1"

    assert len(server.mails("support")) == 1
    refused = sender.recipient(mail_id, NOBODY)
    assert (refused["reply_phase"], refused["reply_class"]) == ("rcpt", "permanent")
    assert refused["reply"].startswith("5.1.1")


def test_a_wrong_password_holds_the_queue_until_it_is_mended(server: Postfix, sender: Office, setting: Setting) -> None:
    setting(smtp_password="wrong")
    mail_id = sender.queue("hello")

    assert mail.deliver_due() == "queued=1"
    assert mail.deliver_due() == "idle"

    assert (sender.account()["state"], sender.account()["phase"]) == ("open", "auth")
    assert "SMTP_PASSWORD" in sender.account()["hint"]
    [attempt] = sender.attempts(mail_id)
    assert (attempt["code"], attempt["enhanced_code"]) == (535, "5.7.8")
    assert sender.alerts() == ["mail_account"]
    setting(smtp_password=PASSWORD)
    sender.probe_is_due()
    assert mail.probe_account() == "state=closed"
    assert mail.deliver_due() == "sent=1"
    assert len(server.mails("support")) == 1


def test_without_a_login_the_server_takes_nothing_and_the_queue_is_held(sender: Office, setting: Setting) -> None:
    setting(smtp_username="")
    sender.queue("hello")
    sender.queue("another")
    assert mail.deliver_due() == "queued=1"
    assert mail.deliver_due() == "queued=1"
    assert (sender.account()["state"], sender.account()["phase"]) == ("open", "rcpt")


def test_a_certificate_of_another_authority_holds_the_queue(sender: Office, setting: Setting) -> None:
    setting(smtp_ca_file="")
    sender.queue("hello")
    assert mail.deliver_due() == "queued=1"
    assert "SMTP_CA_FILE" in sender.account()["hint"]


@pytest.mark.parametrize(
    ("says_size", "reply"), [(True, "5.3.4 the message has"), (False, "5.3.4 Error: message file")]
)
def test_a_message_above_the_server_s_size_goes_short(
    server: Postfix, sender: Office, setting: Setting, says_size: bool, reply: str
) -> None:
    setting(smtp_port=server.port if says_size else server.silent_port)
    details = [events.message("s1", f"{second}: " + "It stopped again. " * 100, second) for second in range(1, 101)]
    with begin() as connection:
        escalate(connection, [*details, events.requested("s1", seconds=200)])

    assert mail.deliver_due() == "sent=1 queued=1"

    first, second = sender.rows("SELECT reply, reply_class FROM escalation.delivery_attempts ORDER BY started_at")
    assert first["reply"].startswith(reply)
    assert (first["reply_class"], second["reply_class"]) == ("permanent", "accepted")
    [delivered] = server.mails("support")
    assert len(delivered) < 5_000
    assert parsed(delivered).get_content_type() == "text/plain"
