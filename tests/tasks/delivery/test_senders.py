"""How many send at once: a server that says nothing must not take the children that events and safety mail need."""

import subprocess
import sys
from contextlib import ExitStack

import pytest

from services.database.engine import engine
from services.delivery.lease import lease, take_place
from services.transports.factory import process_transport
from tasks.delivery.slots import SENDERS, senders_at_once
from tests.processes import ROOT
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


FIRST_RUN = """
import sys
from config.settings import get_settings
from tasks.mail import sender_of
from worker.celery_app import app, check_what_was_configured

app.amqp.queues.select("urgent,mail")
check_what_was_configured()
before_the_fork = set(sys.modules)
sender_of(get_settings())
print(*(set(sys.modules) - before_the_fork))
"""


@pytest.mark.usefixtures("office")
def test_a_child_imports_nothing_before_its_first_mail() -> None:
    done = subprocess.run([sys.executable, "-c", FIRST_RUN], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
