"""A refusal that may be the mail's own fault: another mail shows whether it is the account's."""

from threading import Barrier

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from services.database.engine import begin
from tasks import mail
from tests.processes import wait_for
from tests.services.delivery.office import Office
from tests.smtp_session import Session
from worker.commands import cli

GOOD, BAD = "good@example.com", "bad@example.com"
SPAM = "550 5.7.1 Our system has detected that this message is likely unsolicited mail"


def test_one_mail_that_a_filter_refuses_holds_no_other(office: Office) -> None:
    poison = office.queue("poison", rank=0)
    for number in range(3):
        office.queue(f"mail {number}")

    def spam(session: Session) -> str | None:
        return SPAM if b"Subject: poison" in session.received.data else None

    office.server.on_every("dot", spam)

    for _ in range(4):
        office.send()

    assert office.states() == {"accepted": 3, "queued": 1}
    assert (office.account()["state"], office.alerts(open_only=False)) == ("closed", [])
    office.all_due()
    assert office.send() == {"held": 1}
    assert office.recipient(poison)["short"]
    office.queue("later")
    assert office.send() == {"accepted": 1}
    assert office.account()["state"] == "closed"
    mail.reap_leases()
    assert office.alerts() == ["mail_held"]


def test_mail_that_is_accepted_after_the_refusal_shows_that_the_account_works(office: Office) -> None:
    """It was on its way already, so nobody claimed it as the trial."""
    on_their_way = Barrier(4)

    def answer(session: Session) -> str | None:
        on_their_way.wait(20)
        if b"Subject: poison" in session.received.data:
            return SPAM
        wait_for(_is_refused, "the refusal on record")
        return None

    office.server.on_every("dot", answer)
    office.queue("poison")
    for number in range(3):
        office.queue(f"mail {number}")
    office.send()

    assert office.states() == {"accepted": 3, "queued": 1}
    assert (office.account()["state"], office.alerts(open_only=False)) == ("closed", [])


def _is_refused() -> bool:
    refused = text("SELECT EXISTS (SELECT FROM escalation.mail_recipients WHERE reply_class = 'configuration')")
    with begin() as connection:
        return connection.execute(refused).scalar_one() is True


def test_a_second_mail_that_is_refused_too_shows_that_it_is_the_account(office: Office) -> None:
    office.server.on_every("dot", "550 5.7.1 you are not allowed to send")
    first = office.queue("first")
    office.send()
    second = office.queue("second")
    office.send()
    office.queue("third")
    for _ in range(3):
        office.send()

    assert (office.account()["state"], office.alerts()) == ("open", ["mail_account"])
    assert office.server.count("dot") == 2
    assert (office.recipient(first)["short"], office.recipient(second)["short"]) == (True, False)
    office.server.as_usual()
    office.probe_is_due()
    assert mail.probe_account() == "state=trial"
    office.all_due()
    assert office.send()["accepted"] == 3


def test_two_mails_that_are_refused_at_the_same_moment_show_that_it_is_the_account(office: Office) -> None:
    both_on_their_way = Barrier(2)

    def refuse(session: Session) -> str:
        both_on_their_way.wait(20)
        return "550 5.7.1 you are not allowed to send"

    office.server.on_every("dot", refuse)
    office.queue("first")
    office.queue("second")
    office.send()
    assert office.server.count("dot") == 2
    assert (office.account()["state"], office.alerts()) == ("open", ["mail_account"])


def test_a_trial_that_says_nothing_about_the_account_leaves_it_to_the_next_mail(office: Office) -> None:
    office.queue("first")
    office.server.on("dot", SPAM)
    office.send()
    office.queue("unknown reader", "nobody@example.com")
    office.queue("third")
    office.server.on("rcpt", "550 5.1.1 no such user")
    office.send()
    office.send()
    assert office.states() == {"queued": 1, "refused": 1, "accepted": 1}
    assert office.account()["state"] == "closed"


@pytest.mark.parametrize("reply", ["550 5.7.1 Recipient address rejected: policy", "554 5.7.1 Relay access denied"])
def test_what_concerns_one_recipient_of_several_does_not_hold_the_account(office: Office, reply: str) -> None:
    mail_id = office.queue("hello", GOOD, BAD)
    office.server.on_every("rcpt", lambda session: reply if session.argument == BAD else None)

    assert office.send() == {"accepted": 1, "refused": 1}

    assert office.recipient(mail_id, BAD)["reply_class"] == "permanent"
    assert office.rows("SELECT FROM escalation.mail_accounts WHERE state <> 'closed'") == []
    office.queue("next", GOOD)
    assert office.send() == {"accepted": 1}


def test_a_recipient_refused_for_the_account_s_sake_holds_the_queue(office: Office) -> None:
    office.queue("hello", GOOD, BAD)
    office.server.on_every("rcpt", "554 5.7.1 Relay access denied")
    assert office.send() == {"queued": 2}
    assert (office.account()["state"], office.alerts()) == ("trial", [])
    office.queue("another")
    assert office.send() == {"queued": 1}
    assert (office.account()["state"], office.alerts()) == ("open", ["mail_account"])


@pytest.mark.parametrize(
    "reply",
    ["554 Message rejected: account under review", "550 5.1.0 Sender not known here"],
)
def test_the_same_refusal_for_two_mails_in_a_row_makes_the_account_suspicious(office: Office, reply: str) -> None:
    """And nothing is lost: once the account works again everything that was refused meanwhile goes out."""
    office.server.on_every("rcpt", reply)
    mails = [office.queue(f"mail {number}", f"reader{number}@example.com") for number in range(4)]
    for _ in range(6):
        office.send()
    assert (office.account()["state"] != "closed", office.alerts()[:1]) == (True, ["mail_account"])
    assert office.server.count("rcpt") <= len(mails) + 1

    office.server.as_usual()
    result = CliRunner().invoke(cli, ["mail", "probe"])
    assert result.exit_code == 0, result.output
    assert "queued again" in result.output
    office.all_due()
    for _ in range(3):
        office.send()
    assert office.states() == {"accepted": 4}
    assert (office.account()["state"], office.alerts()) == ("closed", [])


def test_two_unknown_readers_are_no_reason_to_hold_other_mail(office: Office) -> None:
    office.server.on_every(
        "rcpt", lambda session: "550 5.1.1 no such user" if session.argument.startswith("nobody") else None
    )
    for number in range(3):
        office.queue(f"mail {number}", f"nobody{number}@example.com")
    for _ in range(4):
        office.send()
    office.queue("good", GOOD)
    assert office.send()["accepted"] == 1
    assert (office.account()["state"], office.alerts()) == ("closed", [])
    # What was refused is tried a few times more, and then never again.
    for _ in range(12):
        office.all_due()
        office.send()
    tries = office.server.count("rcpt")
    office.all_due()
    office.send()
    assert office.server.count("rcpt") == tries
    assert set(office.states()) <= {"accepted", "refused", "held"}


def test_the_same_unknown_reader_twice_is_the_reader_s_fault(office: Office) -> None:
    office.server.on_every("rcpt", "550 5.1.1 no such user")
    for number in range(3):
        office.queue(f"mail {number}", BAD)
    office.send()
    assert office.states() == {"refused": 3}
    assert office.rows("SELECT FROM escalation.mail_accounts WHERE state <> 'closed'") == []
