"""Several requests to Microsoft Graph at once, as many as a mailbox may have, with all that holds for one of them."""

import time
from collections import Counter
from collections.abc import Iterator
from email import message_from_bytes
from pathlib import Path
from threading import Barrier, Event, Lock, Timer

import pytest
from sqlalchemy import text

from services.database.engine import begin
from tests.https_server import DISCOVERY, SEND, TOKEN, HttpsServer, Request, Response
from tests.processes import Processes, processes, wait_for
from tests.services.delivery.conftest import Setting
from tests.services.delivery.office import Office, queue_many
from tests.tasks.delivery.killing import reaped
from tests.tasks.delivery.test_lost_leases import TERMINATE

# "Outlook service limits": four for an application and a mailbox; one of them is for safety mail alone.
MOST, ORDINARY = 4, 3
WITHDRAWN = Response(401, {"error": {"code": "InvalidAuthenticationToken", "message": "revoked"}})
REFUSED = Response(401, {"error": "invalid_client", "error_description": "AADSTS7000222: expired"})


def message_id(request: Request) -> str:
    return str(message_from_bytes(request.message)["Message-ID"])


def times_sent(cloud: HttpsServer) -> "Counter[str]":
    return Counter(message_id(request) for request in cloud.asked(SEND))


@pytest.fixture(autouse=True)
def patient(cloud: HttpsServer, setting: Setting) -> None:
    """More mails a minute than one may send to Microsoft, and time for a busy machine."""
    setting(mail_per_minute=1000, smtp_reply_seconds=30, smtp_connect_seconds=20, lock_timeout_seconds=20)


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
