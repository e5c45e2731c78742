"""Several connections in one sending process: safety mail overtakes, and a kill leaves one mail of each in doubt."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from sqlalchemy import event, text

from rules.delivery import MailTemplate
from services.database.engine import begin, engine
from services.outbox.queue import NewMail, queue_mails
from tasks.delivery.slots import CONNECTIONS
from tests.processes import Processes, processes, wait_for
from tests.services.delivery.conftest import Setting
from tests.services.delivery.office import TEXT, Office
from tests.smtp_session import Reply, Session, hang, take_and_hang
from tests.tasks.delivery.killing import reaped

DANGER = "danger@example.com"


def queue_many(count: int) -> None:
    content = {"subject": "ordinary", "text": TEXT}
    to = ("support@example.com",)
    mails = [NewMail((str(number),), MailTemplate.TEST, to, rank=3, content=content) for number in range(count)]
    with begin() as connection:
        queue_mails(connection, mails, "example.com")


@pytest.fixture
def senders(office: Office, setting: Setting, tmp_path: Path) -> Iterator[Processes]:
    setting(smtp_command_seconds=60, smtp_reply_seconds=60)
    with processes({}, tmp_path) as family:
        yield family


@pytest.mark.parametrize("most", [1, CONNECTIONS])
def test_safety_mail_begins_within_one_reply_of_a_slow_server(office: Office, setting: Setting, most: int) -> None:
    setting(mail_run_seconds=4, smtp_reply_seconds=30, **({"mail_connections": 2} if most == 1 else {}))
    queue_many(500)
    begun: list[str] = []
    begun_before: list[int] = []

    def body_begins(session: Session) -> str | None:
        begun.append(session.recipients[0])
        return None

    def slow(_: Session) -> str | None:
        if not begun_before:
            office.queue("danger", DANGER, rank=0)
            begun_before.append(len(begun))
        time.sleep(0.7)
        return None

    office.server.on_every("body", body_begins)
    office.server.on_every("dot", slow)

    office.send()

    # Each connection ends what it has in hand at most.
    assert begun.index(DANGER) - begun_before[0] < most


@pytest.mark.parametrize("features", [("PIPELINING", "SIZE 50000000"), ("SIZE 50000000",)])
def test_several_connections_send_at_the_same_time(office: Office, features: tuple[str, ...]) -> None:
    office.server.features = features
    queue_many(40)
    office.server.on_every("dot", lambda _: time.sleep(0.2))

    assert office.send() == {"accepted": 40}

    assert 1 < office.server.connections <= CONNECTIONS
    assert len({message.header("Message-ID") for message in office.server.messages}) == 40


def test_ordinary_mail_keeps_off_the_connection_that_safety_mail_has_opened(office: Office, setting: Setting) -> None:
    setting(smtp_reply_seconds=30, mail_connections=2)  # one of them for safety mail alone
    for name in ("danger", "more danger"):
        office.queue(name, DANGER, rank=0)
    queue_many(6)
    ordinary: set[Session] = set()

    def slow(session: Session) -> None:
        if DANGER in session.recipients:
            # The other safety mail opens a connection meanwhile.
            time.sleep(1)
        else:
            ordinary.add(session)

    office.server.on_every("dot", slow)

    assert office.send() == {"accepted": 8}

    assert (office.server.connections, len(ordinary)) == (2, 1)


def test_the_database_is_asked_once_for_mail_before_the_only_one_leaves(office: Office) -> None:
    office.queue("hello")
    asked: list[str] = []
    asked_before: list[int] = []
    office.server.on_every("body", lambda _: asked_before.append(len(asked)))

    def note(*call: Any) -> None:
        asked.extend([call[2]] if "SKIP LOCKED" in call[2] else [])

    event.listen(engine(), "before_cursor_execute", note)
    try:
        assert office.send() == {"accepted": 1}
    finally:
        event.remove(engine(), "before_cursor_execute", note)

    assert asked_before == [1]


def test_answers_are_recorded_while_a_run_that_is_over_still_claims(office: Office, setting: Setting) -> None:
    setting(mail_claim_size=4, mail_connections=3, mail_run_seconds=4, lock_timeout_seconds=25, smtp_reply_seconds=30)
    queue_many(12)
    recorded: list[bool] = []
    locked = Event()

    def hold_every_claim() -> None:
        with begin() as holder:
            holder.execute(text("SELECT FROM escalation.mail_accounts FOR UPDATE"))
            locked.set()
            pause, deadline = Event(), time.monotonic() + 15
            while not (office.states()["accepted"] == 4 or time.monotonic() > deadline):
                pause.wait(0.1)
            recorded.append(time.monotonic() < deadline)

    holding = Thread(target=hold_every_claim)

    def begin_to_hold(_: Session) -> None:
        holding.start()
        assert locked.wait(5)

    def answer_late(_: Session) -> None:
        if office.server.count("dot") > 2:
            # The run is over meanwhile.
            time.sleep(6)

    office.server.on("dot", begin_to_hold)
    office.server.on_every("dot", answer_late)

    office.send()

    holding.join()
    assert recorded == [True]
    assert office.states() == {"accepted": 4, "queued": 8}


def test_connections_go_on_while_more_mail_is_being_claimed(office: Office, setting: Setting) -> None:
    # One of the three connections is for safety mail alone.
    setting(mail_claim_size=4, mail_connections=3, lock_timeout_seconds=20, smtp_reply_seconds=30)
    queue_many(12)
    go_on = Event()
    went_on: list[bool] = []

    def hold_every_claim() -> None:
        with begin() as holder:
            holder.execute(text("SELECT FROM escalation.mail_accounts FOR UPDATE"))
            locked.set()
            went_on.append(go_on.wait(5))

    locked = Event()
    holding = Thread(target=hold_every_claim)

    def begin_to_hold(_: Session) -> None:
        holding.start()
        assert locked.wait(5)

    def count(_: Session) -> None:
        # All that were claimed before.
        if office.server.count("dot") == 4:
            go_on.set()

    office.server.on("dot", begin_to_hold)
    office.server.on_every("dot", count)

    assert office.send() == {"accepted": 12}

    holding.join()
    assert went_on == [True]


@contextmanager
def loading_held(until: Callable[[], bool]) -> Iterator[list[bool]]:
    """Mails are loaded only when this is true, or after five seconds; each time, whether it was true."""
    became: list[bool] = []

    def hold(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if "clock_timestamp() AS now" in statement:
            pause, deadline = Event(), time.monotonic() + 5
            while not until() and time.monotonic() < deadline:
                pause.wait(0.02)
            became.append(until())

    event.listen(engine(), "before_cursor_execute", hold)
    try:
        yield became
    finally:
        event.remove(engine(), "before_cursor_execute", hold)


def test_no_login_begins_before_the_first_mails_are_there_of_which_one_can_record_its_refusal(office: Office) -> None:
    """Until it is on record, other senders would log in too."""
    queue_many(3)
    connections: list[int] = []

    def half_a_second_later() -> bool:
        connections.append(office.server.connections)
        return len(connections) > 25

    with loading_held(until=half_a_second_later) as is_later:
        assert office.send() == {"accepted": 3}

    assert is_later == [True]
    assert set(connections) == {0}


def test_the_next_mails_are_claimed_while_half_of_the_last_still_wait(office: Office, setting: Setting) -> None:
    # One of the two connections is for safety mail alone.
    setting(mail_claim_size=8, mail_connections=2, smtp_reply_seconds=30)
    queue_many(16)
    claimed: dict[int, int] = {}

    def answer_late(_: Session) -> None:
        time.sleep(0.2)
        (row,) = office.rows("SELECT count(*) FROM escalation.delivery_attempts")
        claimed[office.server.count("dot")] = row["count"]

    office.server.on_every("dot", answer_late)

    assert office.send() == {"accepted": 16}

    assert claimed[2] == 8
    assert claimed[7] == 16


@pytest.mark.parametrize(("step", "act"), [("data", hang), ("body", hang), ("dot", hang), ("dot", take_and_hang)])
def test_a_kill_leaves_at_most_one_mail_of_each_connection_in_doubt(
    senders: Processes, office: Office, step: str, act: Reply
) -> None:
    queue_many(30)
    office.server.on_every(step, act)
    sender = senders.start("tests.tasks.delivery.sender")
    wait_for(lambda: office.server.count(step) >= 3, f"three connections at {step}")
    sender.kill()
    connections = office.server.connections

    found = Counter(reaped())

    assert found["unknown"] <= (connections if step != "data" else 0)
    assert found["unknown"] + office.states()["queued"] == 30
    office.server.as_usual()
    office.all_due()
    assert office.send() == {"accepted": 30}
    repeated = Counter(message.header("Message-ID") for message in office.server.messages)
    assert len(repeated) == 30
    in_doubt = {
        row["message_id"]
        for row in office.rows("""
            SELECT m.message_id FROM escalation.mails AS m JOIN escalation.mail_recipients AS r USING (mail_id)
            JOIN escalation.delivery_attempts AS a USING (recipient_id) WHERE a.reply_class = 'unknown'
        """)
    }
    assert {message_id for message_id, times in repeated.items() if times > 1} <= in_doubt
