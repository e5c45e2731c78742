"""Several requests to Microsoft Graph at once: as many as a mailbox may have, and safety mail first."""

import time
from threading import Barrier, Event, Lock, Timer

import pytest
from sqlalchemy import text

from services.database.engine import begin
from tests.https_server import SEND, TOKEN, HttpsServer, Request, Response
from tests.processes import wait_for
from tests.services.delivery.conftest import Setting
from tests.services.delivery.office import Office, queue_many
from tests.tasks.delivery.graph_requests import MOST, ORDINARY, patient, times_sent

__all__ = ["patient"]


@pytest.mark.parametrize(("rank", "connections", "most"), [(3, "", ORDINARY), (0, "", MOST), (3, 2, 1), (0, 2, 2)])
def test_as_many_requests_are_in_hand_as_the_mailbox_may_have_and_never_more(
    office: Office, cloud: HttpsServer, setting: Setting, rank: int, connections: object, most: int
) -> None:
    if connections:
        setting(mail_connections=connections)
    queue_many(12, rank=rank)
    in_doubt: list[int] = []
    asking = Lock()

    def slow(_: Request) -> None:
        with asking:
            [row] = office.rows(
                "SELECT count(*) AS n FROM escalation.mail_recipients"
                " WHERE state = 'sending' AND body_started_at IS NOT NULL"
            )
            in_doubt.append(row["n"])
        time.sleep(0.3)

    cloud.on_every(SEND, slow)

    assert office.send() == {"accepted": 12}

    assert max(cloud.in_hand) == most
    # Each answer is on record before the next request takes its place.
    assert max(in_doubt) <= most
    assert set(times_sent(cloud).values()) == {1}


def test_safety_mail_begins_before_any_mail_that_is_not_on_its_way(office: Office, cloud: HttpsServer) -> None:
    queue_many(40)
    dangerous = Event()
    begun_before: list[int] = []
    begun: list[bool] = []

    def slow(request: Request) -> None:
        begun.append(b"Subject: danger" in request.message)
        if not dangerous.is_set():
            dangerous.set()
            office.queue("danger", rank=0)
            begun_before.append(len(begun))
        time.sleep(0.5)

    cloud.on_every(SEND, slow)

    assert office.send()["accepted"] == 41

    assert begun.index(True) - begun_before[0] < ORDINARY


def test_no_request_begins_before_its_beginning_is_committed(office: Office, cloud: HttpsServer) -> None:
    mail_id = office.queue("hello")
    committed: list[bool] = []
    with office.connection.engine.connect() as holder:

        def keep_the_commit_waiting(_: Request) -> None:
            holder.exec_driver_sql("SELECT FROM escalation.mail_recipients FOR UPDATE")
            Timer(0.5, holder.rollback).start()

        def look(_: Request) -> None:
            committed.append(office.recipient(mail_id)["body_started_at"] is not None)

        cloud.on_every(TOKEN, keep_the_commit_waiting)
        cloud.on_every(SEND, look)

        assert office.send() == {"accepted": 1}

    assert committed == [True]


def test_told_to_wait_nothing_more_begins_and_what_is_on_its_way_is_recorded(
    office: Office, cloud: HttpsServer
) -> None:
    queue_many(12)
    all_there = Barrier(ORDINARY)

    def throttle_one(_: Request) -> Response | None:
        if all_there.wait(20) == 0:
            return Response(429, headers={"Retry-After": "120"})
        wait_for(lambda: bool(rests()), "the account's rest")
        return None

    def rests() -> list[float]:
        with begin() as connection:
            found = connection.execute(
                text("SELECT extract(epoch FROM paused_until - clock_timestamp()) FROM escalation.mail_accounts")
            )
            return [float(seconds) for seconds in found.scalars() if seconds is not None]

    cloud.on_every(SEND, throttle_one)

    assert office.send() == {"queued": 1, "accepted": ORDINARY - 1}

    assert rests() == [pytest.approx(120, abs=10)]
    assert len(cloud.asked(SEND)) == ORDINARY
    assert office.states() == {"queued": 12 - ORDINARY + 1, "accepted": ORDINARY - 1}
    assert office.rows("SELECT FROM escalation.mail_recipients WHERE state = 'queued' AND attempts > 0") == []
    assert office.send() == {}
