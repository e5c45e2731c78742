"""Connections and replies that are lost on the way: what is tried again, what is unknown, and what changes nothing."""

import pytest
from sqlalchemy.exc import DBAPIError

from tests.processes import wait_for
from tests.services.delivery.conftest import Setting
from tests.services.delivery.office import Office
from tests.smtp_session import Session, drop, hang, take_and_drop


@pytest.mark.parametrize("rank", [0, 3])
def test_a_reply_lost_after_the_dot_is_unknown_and_leads_to_one_repeat_with_the_same_id(
    office: Office, rank: int
) -> None:
    mail_id = office.queue("hello", rank=rank)
    office.server.on("dot", take_and_drop, take_and_drop)

    assert office.send() == {"unknown": 1}

    recipient = office.recipient(mail_id)
    assert (recipient["state"], recipient["reply_class"]) == ("unknown", "unknown")
    assert recipient["delay"] == pytest.approx(60 if rank == 0 else 900, abs=5)
    office.all_due()
    assert office.send() == {"held": 1}
    office.all_due()
    assert office.send() == {}
    first, second = office.server.messages
    assert first.header("Message-ID") == second.header("Message-ID")
    assert [attempt["reply_class"] for attempt in office.attempts(mail_id)] == ["unknown", "unknown"]


def test_a_repeat_in_the_same_run_leaves_the_lost_reply_on_record(office: Office, setting: Setting) -> None:
    setting(mail_repeat_seconds=0.1, mail_connections=2)  # one of them for safety mail alone
    mail_id = office.queue("first", rank=2)
    office.queue("second", rank=3)

    def until_the_first_is_due(_: Session) -> None:
        wait_for(lambda: office.recipient(mail_id)["delay"] <= 0, "the repeat's time")

    office.server.on("dot", take_and_drop)
    office.server.on("mail", lambda _: None, until_the_first_is_due)

    assert office.send() == {"unknown": 1, "accepted": 2}

    assert office.subjects() == ["first", "second", "first"]
    assert [attempt["reply_class"] for attempt in office.attempts(mail_id)] == ["unknown", "accepted"]


@pytest.mark.parametrize("rank", [0, 3])
def test_mail_whose_outcome_cannot_be_read_is_not_claimed(office: Office, rank: int) -> None:
    office.queue("so that each statement is prepared", rank=rank)
    assert office.send() == {"accepted": 1}
    mail_id = office.queue("hello", rank=rank)
    office.connection.exec_driver_sql("ALTER TABLE escalation.tickets RENAME COLUMN reasons TO renamed")

    with pytest.raises(DBAPIError):
        office.send()

    recipient = office.recipient(mail_id)
    assert (recipient["state"], recipient["attempts"], office.attempts(mail_id)) == ("queued", 0, [])
    office.connection.exec_driver_sql("ALTER TABLE escalation.tickets RENAME COLUMN renamed TO reasons")
    assert office.send() == {"accepted": 1}
    assert len(office.attempts(mail_id)) == 1


@pytest.mark.parametrize("step", ["mail", "rcpt", "data"])
def test_a_connection_lost_before_the_dot_is_tried_again(office: Office, step: str) -> None:
    mail_id = office.queue("hello")
    office.server.on(step, drop)

    assert office.send() == {"deferred": 1}

    recipient = office.recipient(mail_id)
    assert (recipient["reply_phase"], recipient["attempts"]) == (step, 1)
    assert 24 - 5 < recipient["delay"] <= 36
    office.all_due()
    assert office.send() == {"accepted": 1}
    assert office.subjects() == ["hello"]


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("step", ["connect", "ehlo", "auth", "mail", "rcpt", "data"])
def test_a_server_that_says_nothing_is_waited_for_no_longer_than_the_time_out(office: Office, step: str) -> None:
    mail_id = office.queue("hello")
    office.server.on(step, hang)

    assert office.send() == {"deferred": 1}

    phase = {"connect": "greeting"}.get(step, step)
    assert office.recipient(mail_id)["reply_phase"] == phase
    assert "timed out" in office.recipient(mail_id)["reply"]


@pytest.mark.usefixtures("impatient")
def test_silence_after_the_dot_is_unknown(office: Office) -> None:
    office.queue("hello")
    office.server.on("dot", hang)
    assert office.send() == {"unknown": 1}


def test_an_error_at_quit_changes_nothing(office: Office, setting: Setting) -> None:
    setting(mail_connections=2)  # so that the connection ends with the run
    mail_id = office.queue("hello")
    office.server.on("quit", drop, "500 no", hang)

    assert office.send() == {"accepted": 1}

    assert office.server.count("quit") == 1
    assert office.recipient(mail_id)["state"] == "accepted"


def test_421_in_the_middle_ends_the_connection_and_nobody_has_the_mail(office: Office) -> None:
    mail_id = office.queue("hello", "a@example.com", "b@example.com")
    office.server.on("rcpt", "250 2.1.5 ok", "421 4.3.2 shutting down")

    assert office.send() == {"deferred": 2}

    assert {row["reply"] for row in office.rows("SELECT reply FROM escalation.mail_recipients")} == {
        "4.3.2 shutting down"
    }
    assert office.server.messages == []
    office.all_due()
    assert office.send() == {"accepted": 2}
    assert len(office.attempts(mail_id)) == 4


def test_a_connection_that_the_server_closed_meanwhile_is_replaced_without_an_attempt(office: Office) -> None:
    office.queue("first")
    office.send()
    mail_id = office.queue("second")
    office.server.on("rset", "421 4.4.2 idle for too long")

    assert office.send() == {"accepted": 1}

    assert office.server.connections == 2
    assert office.recipient(mail_id)["attempts"] == 1
