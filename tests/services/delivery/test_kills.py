"""A sender killed at any moment, and a database that goes away in the middle: what was safe is sent, what is not is
known to be unknown."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from config.settings import get_settings
from services.database import begin
from services.delivery.reap import reap
from tests.processes import Process, Processes, processes, wait_for
from tests.services.delivery.conftest import Setting
from tests.services.delivery.office import Office
from tests.smtp_session import Ended, Reply, Session, hang, take_and_hang

TERMINATE = text("""
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE application_name = 'escalation-worker' AND datname = current_database() AND pid <> pg_backend_pid()
""")


@pytest.fixture
def senders(office: Office, setting: Setting, tmp_path: Path) -> Iterator[Processes]:
    setting(smtp_command_seconds=60, smtp_reply_seconds=60)
    with processes({}, tmp_path) as family:
        yield family


def killed_at(senders: Processes, office: Office, step: str, act: Reply) -> None:
    """A sender that was killed with -9 while the server let it wait at this step."""
    office.server.on(step, act)
    before = office.server.count(step)
    sender: Process = senders.start("tests.services.delivery.sender")
    wait_for(lambda: office.server.count(step) > before, f"the sender at {step}")
    if step in {"body", "dot"}:
        wait_for(lambda: office.rows("SELECT FROM escalation.mail_recipients WHERE body_started_at IS NOT NULL"), step)
    sender.kill()


def reaped() -> dict[str, int]:
    """What a reaper that does its round right now takes over."""
    found: dict[str, int] = {}

    def something() -> bool:
        with begin() as connection:
            found.update(reap(connection, get_settings().mail_times))
        return bool(found)

    wait_for(something, "the lease of the killed sender", seconds=10)
    return found


@pytest.mark.parametrize("step", ["connect", "ehlo", "auth", "mail", "rcpt", "data"])
def test_a_sender_killed_before_the_body_is_replaced_at_once(senders: Processes, office: Office, step: str) -> None:
    mail_id = office.queue("hello")

    killed_at(senders, office, step, hang)

    assert office.recipient(mail_id)["state"] == "sending"
    assert reaped() == {"queued": 1}
    assert office.send() == {"accepted": 1}
    assert office.subjects() == ["hello"]


@pytest.mark.parametrize("rank", [0, 3])
@pytest.mark.parametrize(("step", "act", "copies"), [("body", hang, 1), ("dot", hang, 1), ("dot", take_and_hang, 2)])
def test_a_sender_killed_after_the_body_began_leaves_the_fate_unknown(
    senders: Processes, office: Office, step: str, act: Reply, copies: int, rank: int
) -> None:
    mail_id = office.queue("hello", rank=rank)

    killed_at(senders, office, step, act)

    assert reaped() == {"unknown": 1}
    recipient = office.recipient(mail_id)
    assert recipient["delay"] == pytest.approx(60 if rank == 0 else 900, abs=5)
    assert office.attempts(mail_id)[0]["reply_class"] == "unknown"
    assert office.send() == {}
    office.all_due()
    assert office.send() == {"accepted": 1}
    assert len(office.server.messages) == copies
    assert len({message.header("Message-ID") for message in office.server.messages}) == 1


def test_a_second_death_in_the_body_is_a_person_s_matter(senders: Processes, office: Office) -> None:
    office.queue("hello")
    killed_at(senders, office, "dot", hang)
    reaped()
    office.all_due()
    killed_at(senders, office, "dot", hang)

    assert reaped() == {"held": 1}

    office.all_due()
    assert office.send() == {}
    assert office.server.messages == []


def test_a_mail_whose_senders_keep_dying_is_tried_with_pauses(senders: Processes, office: Office) -> None:
    mail_id = office.queue("hello")
    for _ in range(3):
        killed_at(senders, office, "rcpt", hang)
        assert reaped() == {"queued": 1}
    killed_at(senders, office, "rcpt", hang)
    assert reaped() == {"deferred": 1}
    assert office.recipient(mail_id)["delay"] == pytest.approx(30, abs=5)


def test_a_living_sender_is_never_taken_over(senders: Processes, office: Office) -> None:
    office.queue("hello")
    office.server.on("mail", hang)
    sender = senders.start("tests.services.delivery.sender")
    wait_for(lambda: office.server.count("mail"), "the sender at MAIL")

    with begin() as connection:
        assert reap(connection, get_settings().mail_times) == {}

    sender.kill()
    assert reaped() == {"queued": 1}


def test_a_lease_past_its_time_is_taken_over_and_its_late_sender_stopped_before_the_body(office: Office) -> None:
    office.queue("hello")

    def late(_: Session) -> None:
        office.connection.exec_driver_sql("UPDATE escalation.mail_recipients SET leased_until = clock_timestamp()")
        assert reaped() == {"queued": 1}

    office.server.on("data", late)

    assert office.send() == {"accepted": 1}

    assert (len(office.server.messages), office.server.connections) == (1, 2)


def test_a_result_counts_even_when_the_database_was_away_when_it_came(office: Office) -> None:
    mail_id = office.queue("hello")

    def while_it_is_away(_: Session) -> None:
        office.connection.execute(TERMINATE)
        assert reaped() == {"unknown": 1}

    office.server.on("dot", while_it_is_away)

    with pytest.raises(DBAPIError):
        office.send()

    assert office.recipient(mail_id)["state"] == "accepted"
    assert len(office.server.messages) == 1
    assert [attempt["reply_class"] for attempt in office.attempts(mail_id)] == ["accepted"]


def test_a_result_does_not_count_when_another_sender_has_the_mail(office: Office) -> None:
    mail_id = office.queue("hello")

    def another(_: Session) -> None:
        office.connection.exec_driver_sql(
            "UPDATE escalation.mail_recipients SET lease_id = gen_random_uuid() WHERE state = 'sending'"
        )
        raise Ended

    office.server.on("dot", another)

    office.send()

    assert office.recipient(mail_id)["state"] == "sending"


def test_a_database_that_goes_away_before_the_body_keeps_it_from_being_sent(office: Office) -> None:
    office.queue("hello")

    def goes_away(_: Session) -> None:
        office.connection.execute(TERMINATE)

    office.server.on("data", goes_away)

    with pytest.raises(DBAPIError, match=r"terminating connection|server closed the connection"):
        office.send()

    assert office.server.messages == []
    assert reaped() == {"queued": 1}
    assert office.send() == {"accepted": 1}
