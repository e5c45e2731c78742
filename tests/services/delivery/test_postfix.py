"""A real mail server takes our mail: Debian's Postfix with STARTTLS, a login, SMTPUTF8 and mailboxes."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from services.database.engine import begin
from services.mail.compose import compose
from services.transports.factory import process_transport
from tasks import mail
from tests import events
from tests.services.delivery.conftest import Setting
from tests.services.delivery.delivered import as_sent, parsed
from tests.services.delivery.office import Office
from tests.services.delivery.postfix import ARABIC, IDN, NEEDED, Postfix
from tests.services.escalated import escalate

pytestmark = pytest.mark.debian(*NEEDED)


def composed(mail_id: UUID) -> bytes:
    with begin() as connection:
        return compose(connection, [mail_id])[mail_id].message


@pytest.mark.parametrize("mechanism", ["auto", "plain", "login", "cram-md5"])
def test_a_mail_arrives_byte_for_byte(server: Postfix, sender: Office, setting: Setting, mechanism: str) -> None:
    setting(smtp_auth=mechanism)
    mail_id = sender.queue("hello")

    assert mail.deliver_due() == "sent=1"

    [delivered] = server.mails("support")
    assert as_sent(delivered) == composed(mail_id)
    message = parsed(delivered)
    assert message["Return-Path"] == "<sender@example.com>"
    assert "with ESMTPSA" in message["Received"]
    [attempt] = sender.attempts(mail_id)
    assert (attempt["phase"], attempt["code"], attempt["enhanced_code"]) == ("dot", 250, "2.0.0")
    assert "queued as" in attempt["reply"]


def test_addresses_in_arabic_and_at_an_international_domain_get_their_mail(server: Postfix, sender: Office) -> None:
    mail_id = sender.queue("سلام", ARABIC, IDN)

    assert mail.deliver_due() == "sent=2"

    for mailbox in ("arabic", "idn"):
        [delivered] = server.mails(mailbox)
        assert as_sent(delivered) == composed(mail_id)
    assert parsed(delivered)["Subject"] == "سلام"


def test_an_arabic_reader_alone_is_named_in_the_header(server: Postfix, sender: Office) -> None:
    mail_id = sender.queue("سلام", ARABIC)

    assert mail.deliver_due() == "sent=1"

    [delivered] = server.mails("arabic")
    assert as_sent(delivered) == composed(mail_id)
    assert f"To: {ARABIC}".encode() in delivered
    assert "with UTF8SMTPSA" in parsed(delivered)["Received"]


def test_a_ticket_s_mail_with_a_long_conversation_attached_arrives_byte_for_byte(
    server: Postfix, sender: Office
) -> None:
    now = (datetime.now(UTC) - events.START).total_seconds()
    said = [f"Αντλία {number} · مضخة · pump? " * 8 for number in range(60)]
    details = [events.message("s1", text, now - 100 + number) for number, text in enumerate(said)]
    with begin() as connection:
        escalate(connection, [*details, events.requested("s1", seconds=now)])
    assert mail.deliver_due() == "sent=1"

    [row] = sender.rows("SELECT mail_id FROM escalation.mails")
    [delivered] = server.mails("support")
    assert as_sent(delivered) == composed(row["mail_id"])
    [attachment] = parsed(delivered).iter_attachments()
    assert all(text.strip() in attachment.get_content() for text in said)


def test_a_ticket_s_mails_are_one_thread_in_the_mailbox(server: Postfix, sender: Office) -> None:
    with begin() as connection:
        escalate(connection, [events.message("s1", "There is smoke from the cabinet!", 1)])
    assert mail.deliver_urgent() == "sent=2"
    with begin() as connection:
        escalate(connection, [events.message("s1", "Now I see flames, and my hand is burnt", 2)])
    assert mail.deliver_urgent() == "sent=2"

    for mailbox in ("support", "emergency"):
        opened, updated = map(parsed, server.mails(mailbox, 2))
        assert opened["Subject"].startswith("URGENT SAFETY")
        assert opened["Message-ID"] != updated["Message-ID"]
        assert opened["References"] == opened["In-Reply-To"] == updated["References"] == updated["In-Reply-To"]
        assert opened["X-Ticket-ID"] == updated["X-Ticket-ID"]
        assert [part.get_content_type() for part in opened.walk()][-2:] == ["text/plain", "text/html"]
        plain = opened.get_body(("plain",))
        assert plain is not None
        assert "There is smoke from the cabinet!" in plain.get_content()


def test_a_connection_is_used_again_and_survives_the_server_s_reload(server: Postfix, sender: Office) -> None:
    for number in range(5):
        sender.queue(f"mail {number}")
    assert mail.deliver_due() == "sent=5"
    assert process_transport().is_open
    server.reload()
    sender.queue("after it")
    assert mail.deliver_due() == "sent=1"
    assert [parsed(one)["Subject"] for one in server.mails("support", 6)][-1] == "after it"
