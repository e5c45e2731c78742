"""From the outbox's rows to messages, in a real database."""

from email import message_from_bytes, policy
from email.message import EmailMessage

from sqlalchemy import Connection, text

from config.settings import Settings
from services.mail import ComposedMail, compose
from tests.events import message, started
from tests.services.tickets import escalate

NIKOS = "0b000000-0000-4000-8000-000000000001"
KEF_5 = "0c000000-0000-4000-8000-000000000001"


def composed(connection: Connection) -> list[ComposedMail]:
    mail_ids = list(connection.execute(text("SELECT mail_id FROM escalation.mails")).scalars())
    return list(compose(connection, mail_ids).values())


def parsed(mail: ComposedMail) -> EmailMessage:
    found = message_from_bytes(mail.message, policy=policy.SMTP)
    assert isinstance(found, EmailMessage)
    return found


def test_a_ticket_s_mail_parses_back_whole(seeded: Connection, settings: Settings) -> None:
    escalate(seeded, [started("s", user=NIKOS, machine=KEF_5), message("s", "There is smoke from the <b>cabinet</b>")])
    (mail,) = composed(seeded)
    found = parsed(mail)
    text_part, html_part = found.get_body(("plain",)), found.get_body(("html",))
    assert text_part is not None
    assert html_part is not None
    assert "smoke from the <b>cabinet</b>" in text_part.get_content()
    assert "&lt;b&gt;cabinet" in html_part.get_content()
    assert found["Subject"].startswith("URGENT SAFETY · There is smoke from the <b>cabinet</b> · KEF-5 V4.0 · AB-")
    assert [part.defects for part in found.walk() if part.defects] == []
    assert mail.size == len(mail.message)
