"""The connections of a run, and who is told that one is there."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event, text
from sqlalchemy.exc import DBAPIError

from rules.delivery import ServerReply
from services.database.engine import engine
from services.delivery.circuit_breaker import CircuitState, read_circuit
from services.delivery.further_connections import refuse_more_connections
from services.transports.base import Transport
from services.transports.factory import process_transport
from tasks.delivery.channel_pool import ChannelPool
from tests.processes import processes, wait_for
from tests.services.delivery.conftest import Setting
from tests.services.delivery.office import Office
from tests.smtp_session import Session


@pytest.fixture
def session(office: Office) -> Iterator[Connection]:
    with engine().connect() as session:
        yield session


@pytest.fixture
def kept(office: Office) -> Transport:
    """The process's transport, with its connection kept from a run."""
    office.queue("earlier")
    assert office.send() == {"accepted": 1}
    transport = process_transport()
    assert transport.is_open
    return transport


@pytest.fixture
def circuit(kept: Transport, session: Connection) -> CircuitState:
    with session.begin():
        return read_circuit(session, kept.account.key)


def unexpected(answer: ServerReply) -> None:
    pytest.fail(f"no login was to be refused: {answer}")


def test_whoever_waits_is_woken_for_a_connection_that_was_kept(
    kept: Transport, session: Connection, circuit: CircuitState
) -> None:
    woken: list[bool] = []
    with ChannelPool(kept, session, 1, lambda: woken.append(True), unexpected) as pool:
        pool.open_one(circuit, urgent=False)
        assert woken == [True]
        opened = pool.opened()
    assert opened
    assert opened.channel


def test_all_waits_for_the_first_connection_alone(kept: Transport, session: Connection, circuit: CircuitState) -> None:
    kept.close()
    with ChannelPool(kept, session, 1, lambda: None, unexpected) as pool:
        pool.open_one(circuit, urgent=False)
        first = pool.opens_first
        wait_for(pool.opened, "a connection")
        pool.open_one(circuit, urgent=False)
        assert (first, pool.opens_first) == (True, False)


def test_a_pool_ends_whose_session_was_lost_before_the_kept_connection_was_used(
    office: Office, kept: Transport, session: Connection, circuit: CircuitState
) -> None:
    no_slot_of_ordinary_mail = 1_000
    [[process]] = session.exec_driver_sql("SELECT pg_backend_pid()").all()
    session.rollback()
    office.rows("SELECT pg_terminate_backend(:process, 5000)", process=process)
    with (
        pytest.raises(DBAPIError),
        ChannelPool(kept, session, no_slot_of_ordinary_mail, lambda: None, unexpected) as pool,
    ):
        pool.open_one(circuit, urgent=False)


def test_no_sender_logs_in_once_another_was_refused_even_before_its_mail_is_on_record(
    office: Office, setting: Setting, tmp_path: Path
) -> None:
    setting(smtp_command_seconds=60)
    with processes({}, tmp_path) as family:

        def refuse(_: Session) -> str:
            if not family.started:
                office.queue("the other sender's")
                family.start("tests.tasks.delivery.sender")
                wait_for(lambda: office.states() == {"sending": 2}, "the other sender's claim")
            return "535 5.7.3 Authentication unsuccessful"

        def hold(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
            if "WITH begun AS" in statement:
                wait_for(lambda: "ends" in family.started[0].output, "the other sender's end")

        office.server.on_every("auth", refuse)
        office.queue("hello")
        event.listen(engine(), "before_cursor_execute", hold)
        assert office.send() == {"queued": 1}

    assert office.server.count("auth") == 1
    assert office.states() == {"queued": 2}
    assert office.alerts() == ["mail_account"]


def test_a_password_that_is_wrong_by_now_is_tried_once_beside_the_connections_that_go_on(
    office: Office, kept: Transport
) -> None:
    office.server.on_every("auth", "535 5.7.3 Authentication unsuccessful")
    logins = office.server.count("auth")
    for round_number in range(5):
        for number in range(5):
            office.queue(f"{round_number}-{number}")
        assert office.send() == {"accepted": 5}
    assert kept.is_open
    assert office.server.count("auth") == logins + 1
    assert office.alerts() == []


def test_nor_is_it_tried_where_another_process_saw_it_refused(
    office: Office, kept: Transport, session: Connection
) -> None:
    with session.begin():
        refuse_more_connections(session, kept.account.key)
    logins = office.server.count("auth")
    for number in range(5):
        office.queue(str(number))
    assert office.send() == {"accepted": 5}
    assert office.server.count("auth") == logins


def test_it_is_tried_again_after_the_clock_of_postgresql_was_set_back(
    office: Office, kept: Transport, session: Connection
) -> None:
    with session.begin():
        refuse_more_connections(session, kept.account.key)
        session.execute(text("UPDATE escalation.mail_accounts SET login_refused_until = now() + interval '1 hour'"))
    logins = office.server.count("auth")
    for number in range(5):
        office.queue(str(number))
    assert office.send() == {"accepted": 5}
    assert office.server.count("auth") > logins
