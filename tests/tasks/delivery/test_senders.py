"""How many send at once: a server that says nothing must not take the children that events and safety mail need."""

from contextlib import ExitStack

from services.database.engine import engine
from services.delivery.lease import lease, take_place
from services.transports.factory import process_transport
from tasks.delivery.slots import SENDERS, senders_at_once
from tests.services.delivery.office import Office


def test_ordinary_mail_leaves_a_sender_for_safety_mail_even_without_a_limit(office: Office) -> None:
    account = process_transport().account
    assert account.limits.connections is None
    office.queue("ordinary")
    office.queue("danger", rank=0)
    with ExitStack() as held:
        for _ in range(SENDERS):
            connection = held.enter_context(engine().connect())
            held.enter_context(lease(connection))
            assert take_place(connection, account.key, senders_at_once(account.limits, urgent_only=False))
        assert office.send() == {}
        assert office.send(urgent_only=True) == {"accepted": 1}
    assert office.subjects() == ["danger"]
    assert office.send() == {"accepted": 1}
