"""A lease that ended too early, and a database that goes away in the middle: no mail is sent twice for that."""

from threading import Timer

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests.services.delivery.conftest import Setting
from tests.services.delivery.office import Office
from tests.smtp_session import Ended, Session
from tests.tasks.delivery.killing import reaped

TERMINATE = text("""
    SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE application_name = 'escalation-worker' AND datname = current_database() AND pid <> pg_backend_pid()
""")


def test_a_lease_past_its_time_is_taken_over_and_its_late_sender_stopped_before_the_body(office: Office) -> None:
    office.queue("hello")

    def late(_: Session) -> None:
        office.connection.exec_driver_sql("UPDATE escalation.mail_recipients SET leased_until = clock_timestamp()")
        assert reaped() == {"queued": 1}

    office.server.on("data", late)

    assert office.send() == {"accepted": 1}

    assert (len(office.server.messages), office.server.connections) == (1, 2)


def test_a_result_counts_even_when_the_database_was_away_when_it_came(office: Office, setting: Setting) -> None:
    setting(mail_connections=2)  # one of them for safety mail alone
    mail_id, other = office.queue("hello"), office.queue("another")

    def while_it_is_away(_: Session) -> None:
        office.connection.execute(TERMINATE)
        assert reaped() == {"unknown": 1, "queued": 1}

    office.server.on("dot", while_it_is_away)

    assert office.send() == {"accepted": 1, "more": 1}

    # Nothing more went under the lost lease.
    assert office.recipient(other)["state"] == "queued"
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


def test_no_body_begins_before_its_beginning_is_committed(office: Office, setting: Setting) -> None:
    setting(lock_timeout_seconds=20, smtp_reply_seconds=30)
    mail_id = office.queue("hello")
    committed: list[bool] = []
    with office.connection.engine.connect() as holder:

        def keep_the_commit_waiting(_: Session) -> None:
            holder.exec_driver_sql("SELECT FROM escalation.mail_recipients FOR UPDATE")
            Timer(0.5, holder.rollback).start()

        def look(_: Session) -> None:
            committed.append(office.recipient(mail_id)["body_started_at"] is not None)

        office.server.on("data", keep_the_commit_waiting)
        office.server.on("dot", look)

        assert office.send() == {"accepted": 1}

    assert committed == [True]
