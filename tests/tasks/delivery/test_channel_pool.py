"""The connections of a run, and who is told that one is there."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from services.database.engine import engine
from services.delivery.circuit_breaker import CircuitState, read_circuit
from services.transports.base import Transport
from services.transports.factory import process_transport
from tasks.delivery.channel_pool import ChannelPool
from tests.services.delivery.office import Office


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


def test_whoever_waits_is_woken_for_a_connection_that_was_kept(
    kept: Transport, session: Connection, circuit: CircuitState
) -> None:
    woken: list[bool] = []
    with ChannelPool(kept, session, 1, lambda: woken.append(True)) as pool:
        pool.open_one(circuit, urgent=False)
        assert woken == [True]
        opened = pool.opened()
    assert opened
    assert opened.channel


def test_a_pool_ends_whose_session_was_lost_before_the_kept_connection_was_used(
    office: Office, kept: Transport, session: Connection, circuit: CircuitState
) -> None:
    no_slot_of_ordinary_mail = 1_000
    [[process]] = session.exec_driver_sql("SELECT pg_backend_pid()").all()
    session.rollback()
    office.rows("SELECT pg_terminate_backend(:process, 5000)", process=process)
    with (
        pytest.raises(DBAPIError),
        ChannelPool(kept, session, no_slot_of_ordinary_mail, lambda: None) as pool,
    ):
        pool.open_one(circuit, urgent=False)
