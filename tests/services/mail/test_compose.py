"""From the outbox's rows to messages, in a real database."""

import json
from email import message_from_bytes, policy
from email.message import EmailMessage
from uuid import UUID

import pytest
from sqlalchemy import Connection, text

from config.settings import Settings, get_settings
from escalation_client.events import TextJudged
from rules.delivery import MailTemplate
from services.mail import ComposedMail, compose
from services.outbox.queue import NewMail, queue_mails
from tests.events import confidence, message, requested, started, step
from tests.services.counting import statements
from tests.services.escalated import escalate

NIKOS = "0b000000-0000-4000-8000-000000000001"
KEF_5 = "0c000000-0000-4000-8000-000000000001"
SMOKE = "There is smoke from the <b>cabinet</b>"


def queued(connection: Connection, template: str = "ticket_opened") -> list[UUID]:
    rows = connection.execute(
        text("SELECT mail_id FROM escalation.mails WHERE template = :template ORDER BY queued_at"),
        {"template": template},
    )
    return list(rows.scalars())


def add_mail(connection: Connection, mail: NewMail) -> UUID:
    queue_mails(connection, [mail], "example.com")
    return mail.mail_id


def one(connection: Connection, mail_id: UUID, *, short: bool = False) -> ComposedMail:
    return compose(connection, [mail_id], short=short)[mail_id]


def parsed(mail: ComposedMail) -> EmailMessage:
    found = message_from_bytes(mail.message, policy=policy.SMTP)
    assert isinstance(found, EmailMessage)
    assert [part.defects for part in found.walk() if part.defects] == []
    return found


def body(mail: ComposedMail, kind: str = "plain") -> str:
    part = parsed(mail).get_body((kind,))
    assert part is not None
    return str(part.get_content())


def test_a_ticket_s_mail_parses_back_whole(seeded: Connection, settings: Settings) -> None:
    escalate(seeded, [started("s", user=NIKOS, machine=KEF_5), message("s", SMOKE)])
    mail = one(seeded, queued(seeded)[0])
    assert SMOKE in body(mail)
    assert "smoke from the &lt;b&gt;cabinet" in body(mail, "html").replace("</strong>", "")
    assert "Νίκος Βεργωτής" in body(mail)
    assert "Why: takes every safety concern, speaks English, on duty around the clock" in body(mail)
    assert parsed(mail)["Subject"] == mail.subject
    assert mail.subject.startswith("URGENT SAFETY · There is smoke from the <b>cabinet</b> · KEF-5 V4.0 · AB-")
    assert set(parsed(mail)["To"].split(", ")) == {"support@example.com", "emergency@example.com"}
    assert mail.size == len(mail.message)
    assert not mail.needs_smtputf8


@pytest.mark.parametrize("moment", ["20266-01-01", "infinity", "9999-12-31 23:59:59+00"])
def test_a_mistyped_year_of_a_machine_costs_neither_the_ticket_nor_the_mail(
    seeded: Connection, settings: Settings, moment: str
) -> None:
    seeded.execute(text("UPDATE machines SET warranty_expiry_date = CAST(:moment AS timestamptz)"), {"moment": moment})
    seeded.execute(text("UPDATE machine_hours SET recorded_date = :moment"), {"moment": moment})
    escalate(seeded, [started("s", user=NIKOS, machine=KEF_5), message("s", SMOKE)])
    assert "KEF-5" in body(one(seeded, queued(seeded)[0]))


def test_a_mail_says_what_a_text_sounds_like_that_only_the_second_ear_heard(
    seeded: Connection, settings: Settings
) -> None:
    spoken = "his sleeve went round the shaft"
    known = {"text": "his jacket got caught in the shaft", "language": "en", "gloss": "says that somebody is caught"}
    judged = TextJudged(
        session_id="s", text_event_id="e", kind="danger", score=0.93, model="m", nearest=(known,), phrase=spoken,
        language="en", message_id="m1",
    )  # fmt: skip
    escalate(seeded, [started("s", user=NIKOS, machine=KEF_5), judged])
    mail = one(seeded, queued(seeded)[0])
    assert f"“{spoken}”" in body(mail)
    assert "Sounds like: says that somebody is caught" in " ".join(body(mail).split())
    assert "Understood as" not in body(mail)


def test_as_many_statements_for_many_mails_as_for_one(seeded: Connection, settings: Settings) -> None:
    for number in range(20):
        escalate(seeded, [started(f"s{number}", user=NIKOS, machine=KEF_5), requested(f"s{number}")])
    mails = queued(seeded)
    with statements(seeded) as for_one:
        compose(seeded, mails[:1])
    with statements(seeded) as for_all:
        composed = compose(seeded, mails)
    assert len(composed) == 20
    assert len(for_one) == len(for_all)


def test_every_attempt_has_the_same_id_and_date_and_a_ticket_s_mails_are_one_thread(
    seeded: Connection, settings: Settings
) -> None:
    escalate(seeded, [started("s", user=NIKOS), requested("s")])
    escalate(seeded, [message("s", SMOKE, 50)])
    first, update = parsed(one(seeded, queued(seeded)[0])), parsed(one(seeded, queued(seeded, "ticket_updated")[0]))
    again = parsed(one(seeded, queued(seeded)[0]))
    assert (first["Message-ID"], first["Date"]) == (again["Message-ID"], again["Date"])
    assert first["Message-ID"] != update["Message-ID"]
    assert first["References"] == first["In-Reply-To"] == update["References"] == update["In-Reply-To"]


def test_an_update_tells_what_was_said_since(seeded: Connection, settings: Settings) -> None:
    escalate(seeded, [started("s", user=NIKOS), confidence("s", 0.2)])
    escalate(seeded, [message("s", SMOKE, 50), requested("s", notes="Call the barge", seconds=51)])
    mail = one(seeded, queued(seeded, "ticket_updated")[0])
    told = body(mail)
    new = told[told.index("== New ==") : told.index("== Why a person is needed ==")]
    for words in (
        "Further reason: Safety concern identified",
        SMOKE,
        "Further reason: User requested",
        "Call the barge",
    ):
        assert words in new
    assert "AI has low confidence" not in new
    assert mail.subject.startswith("URGENT SAFETY · There is smoke")


def test_that_nobody_is_hurt_reaches_whoever_has_the_ticket(seeded: Connection, settings: Settings) -> None:
    escalate(seeded, [started("s", user=NIKOS), message("s", SMOKE)])
    assert "nobody has said whether anyone is hurt" in body(one(seeded, queued(seeded)[0]))
    escalate(seeded, [message("s", "it is out, nobody got hurt", 50)])
    told = body(one(seeded, queued(seeded, "ticket_updated")[0]))
    assert "Nobody is hurt, the user says." in told[told.index("== New ==") :]
    assert "Nobody is hurt, the user says." in body(one(seeded, queued(seeded)[0]))
    assert "nobody has said whether anyone is hurt" not in told


def test_the_short_version_is_plain_text_with_what_is_needed_to_act(seeded: Connection, settings: Settings) -> None:
    escalate(seeded, [started("s", user=NIKOS, machine=KEF_5), message("s", SMOKE)])
    full, short = one(seeded, queued(seeded)[0]), one(seeded, queued(seeded)[0], short=True)
    assert parsed(short).get_content_type() == "text/plain"
    assert short.size < full.size / 5
    assert parsed(short)["Message-ID"] == parsed(full)["Message-ID"]
    for words in (SMOKE, "nikos.vergotis@ainos.example.com", "KEF-5 V4.0", "set its status to in_progress"):
        assert words in body(short)


def test_a_mail_about_no_ticket_says_what_it_was_queued_with(connection: Connection, settings: Settings) -> None:
    content = {"subject": "Does it\r\nBcc: x@example.com work?", "text": "Yes.\n<b>It</b> does."}
    mail = NewMail(cause=("1",), template=MailTemplate.TEST, recipients=("x@example.com",), rank=3, content=content)
    for short in (False, True):
        composed = one(connection, add_mail(connection, mail), short=short)
        assert composed.subject == "Does it Bcc: x@example.com work?"
        assert "Bcc" not in parsed(composed)
        assert "<b>It</b> does." in body(composed)


def test_a_mail_whose_ticket_is_gone_is_not_composed_and_stops_no_other(seeded: Connection, settings: Settings) -> None:
    escalate(seeded, [started("s"), requested("s")])
    orphan = NewMail(
        cause=("2",), template=MailTemplate.TICKET_OPENED, recipients=("x@example.com",), rank=3, ticket_id="gone"
    )
    mails = [add_mail(seeded, orphan), queued(seeded)[0]]
    assert set(compose(seeded, mails)) == set(mails[:1]) ^ set(mails)


def test_when_something_in_a_ticket_cannot_be_told_the_short_version_leaves(
    seeded: Connection, settings: Settings
) -> None:
    escalate(seeded, [started("s"), message("s", SMOKE)])
    strange = json.dumps({"primary_contact": {"name": ["not", "a", "name"]}})
    seeded.execute(text("UPDATE support_tickets SET expert_contact_info = :contact"), {"contact": strange})
    mail = one(seeded, queued(seeded)[0])
    assert parsed(mail).get_content_type() == "text/plain"
    assert SMOKE in body(mail)


def test_an_address_beyond_ascii_needs_smtputf8_only_when_it_is_the_only_one(
    seeded: Connection, settings: Settings
) -> None:
    escalate(seeded, [started("s"), requested("s")])
    mail_id = queued(seeded)[0]
    address = text("UPDATE escalation.mail_recipients SET address = :address WHERE address = 'support@example.com'")
    seeded.execute(address, {"address": "خالد@مثال.example"})
    mail = one(seeded, mail_id)
    assert mail.needs_smtputf8
    assert "خالد@xn--mgbh0fb.example".encode() in mail.message


def test_a_notice_is_written_in_the_user_s_language_and_the_support_mail_in_the_team_s(
    seeded: Connection, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUPPORT_LANGUAGE", "es")
    get_settings.cache_clear()
    (ticket_id,) = escalate(seeded, [started("s", user=NIKOS), requested("s")]).values()
    notice = NewMail(
        ("3",), MailTemplate.CUSTOMER_NOTICE, ("nikos@example.com",), rank=4, ticket_id=ticket_id, language="el"
    )
    assert "Ο αριθμός του αιτήματός σας είναι:" in body(one(seeded, add_mail(seeded, notice)))
    assert "El usuario ha pedido la ayuda de un experto" in body(one(seeded, queued(seeded)[0]))


def test_a_reminder_is_made_from_what_the_ladder_queues(seeded: Connection, settings: Settings) -> None:
    (ticket_id,) = escalate(seeded, [started("s", user=NIKOS), requested("s")]).values()
    content = {
        "rung": 1, "contact": {"name": "Emergency line"}, "previous": {"name": "General support"},
        "waiting_since": "2026-11-23T21:30:06+00:00", "is_last": True,
    }  # fmt: skip
    mail = NewMail(
        cause=("4",), template=MailTemplate.TICKET_UNACKNOWLEDGED, recipients=("emergency@example.com",), rank=3,
        ticket_id=ticket_id, content=content,
    )  # fmt: skip
    told = body(one(seeded, add_mail(seeded, mail)))
    assert "General support was asked before you" in told
    assert "You are the last on the list" in told


def test_control_characters_and_names_with_newlines_stay_harmless(seeded: Connection, settings: Settings) -> None:
    hostile = "Nikos\r\nBcc: thief@example.com\u202e\x1b[31m\x07"
    seeded.execute(text("UPDATE users SET name = :name WHERE id = :id"), {"name": hostile, "id": NIKOS})
    bell = "smoke from the cabinet \x07\x1b[31m\x0b\u202egnp"
    escalate(seeded, [started("s", user=NIKOS, machine=KEF_5), message("s", bell), step("s", 1)])
    mail = one(seeded, queued(seeded)[0])
    assert "Bcc" not in parsed(mail)
    for told in (body(mail), body(mail, "html"), mail.subject):
        assert not set(told) & set("\x07\x1b\x0b\u202e")
    assert "Nikos Bcc: thief@example.com[31m" in body(mail)
