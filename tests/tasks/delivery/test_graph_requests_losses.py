"""Several requests to Microsoft Graph at once, and a token, a lease, the database or the process is lost."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from threading import Barrier, Event

import pytest

from tests.https_server import DISCOVERY, SEND, TOKEN, HttpsServer, Request, Response
from tests.processes import Processes, processes, wait_for
from tests.services.delivery.office import Office, queue_many
from tests.tasks.delivery.graph_requests import ORDINARY, patient, times_sent
from tests.tasks.delivery.killing import reaped
from tests.tasks.delivery.test_lost_leases import TERMINATE

__all__ = ["patient"]

WITHDRAWN = Response(401, {"error": {"code": "InvalidAuthenticationToken", "message": "revoked"}})
REFUSED = Response(401, {"error": "invalid_client", "error_description": "AADSTS7000222: expired"})


def test_a_token_that_is_withdrawn_is_replaced_once_for_all_requests(office: Office, cloud: HttpsServer) -> None:
    queue_many(12)
    all_there = Barrier(ORDINARY)

    def withdrawn(request: Request) -> Response | None:
        if request.headers["Authorization"] != "Bearer token-1":
            return None
        all_there.wait(20)
        return WITHDRAWN

    cloud.on_every(SEND, withdrawn)

    assert office.send() == {"accepted": 12}

    assert len(cloud.asked(TOKEN)) == 2
    assert len(cloud.asked(SEND)) == 12 + ORDINARY


def test_a_secret_that_is_refused_in_the_middle_is_tried_once_and_holds_the_queue(
    office: Office, cloud: HttpsServer
) -> None:
    queue_many(12)
    all_there = Barrier(ORDINARY)

    def withdrawn(_: Request) -> Response:
        all_there.wait(20)
        return WITHDRAWN

    cloud.on_every(SEND, withdrawn)
    cloud.on_every(TOKEN, lambda _: REFUSED if cloud.tokens else None)

    assert office.send() == {"queued": ORDINARY}

    assert (len(cloud.asked(TOKEN)), len(cloud.asked(SEND))) == (2, ORDINARY)
    assert (office.account()["state"], office.account()["phase"]) == ("open", "token")
    assert office.states() == {"queued": 12}
    assert office.send() == {}


def test_what_a_lost_lease_held_back_goes_out_once_under_the_next_claim(office: Office, cloud: HttpsServer) -> None:
    queue_many(12)
    all_there = Barrier(ORDINARY)
    over = Event()

    def lose_the_lease(_: Request) -> None:
        if over.is_set():
            return
        if all_there.wait(20) == 0:
            office.connection.exec_driver_sql("UPDATE escalation.mail_recipients SET leased_until = clock_timestamp()")
            assert reaped()["unknown"] == ORDINARY
            over.set()
        assert over.wait(20)

    cloud.on_every(SEND, lose_the_lease)

    assert office.send() == {"accepted": 12}

    assert set(times_sent(cloud).values()) == {1}


def test_answers_that_come_while_the_database_is_away_count_and_nothing_more_begins(
    office: Office, cloud: HttpsServer
) -> None:
    queue_many(12)
    all_there = Barrier(ORDINARY)
    away = Event()

    def goes_away(_: Request) -> None:
        if all_there.wait(20) == 0:
            office.connection.execute(TERMINATE)
            assert reaped()["unknown"] == ORDINARY
            away.set()
        assert away.wait(20)

    cloud.on_every(SEND, goes_away)

    assert office.send() == {"accepted": ORDINARY, "more": 1}

    assert len(cloud.asked(SEND)) == ORDINARY
    assert office.states() == {"accepted": ORDINARY, "queued": 12 - ORDINARY}


@pytest.fixture
def senders(office: Office, cloud: HttpsServer, tmp_path: Path) -> Iterator[Processes]:
    with processes({}, tmp_path) as family:
        yield family


@pytest.mark.long
@pytest.mark.parametrize(("step", "at_once"), [(DISCOVERY, 1), (TOKEN, 1), (SEND, ORDINARY)])
def test_a_kill_leaves_at_most_one_mail_of_each_request_in_doubt(
    senders: Processes, office: Office, cloud: HttpsServer, step: str, at_once: int
) -> None:
    queue_many(30)
    cloud.on_every(step, lambda _: Response(hang=True))
    sender = senders.start("tests.tasks.delivery.sender")
    wait_for(lambda: len(cloud.asked(step)) >= at_once, f"the requests at {step}")
    sender.kill()

    found = Counter(reaped())

    assert found["unknown"] == (ORDINARY if step == SEND else 0)
    assert found["unknown"] + office.states()["queued"] == 30
    cloud.acts.clear()
    office.all_due()
    assert office.send() == {"accepted": 30}
    taken = times_sent(cloud)
    in_doubt = {
        row["message_id"]
        for row in office.rows("""
            SELECT m.message_id FROM escalation.mails AS m JOIN escalation.mail_recipients AS r USING (mail_id)
            JOIN escalation.delivery_attempts AS a USING (recipient_id) WHERE a.reply_class = 'unknown'
        """)
    }
    assert len(taken) == 30
    assert {name for name, times in taken.items() if times > 1} == in_doubt
