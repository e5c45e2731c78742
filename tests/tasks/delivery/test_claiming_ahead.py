"""When a run claims: before the first connection, while others send, and how long anybody waits for it."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any

from sqlalchemy import event, text

from services.database.engine import begin, engine
from tests.services.delivery.conftest import Setting
from tests.services.delivery.office import Office, queue_many
from tests.smtp_session import Session


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
        assert locked.wait(15)

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
            went_on.append(go_on.wait(15))

    locked = Event()
    holding = Thread(target=hold_every_claim)

    def begin_to_hold(_: Session) -> None:
        holding.start()
        assert locked.wait(15)

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
        number = office.server.count("dot")
        pause, deadline = Event(), time.monotonic() + (20 if number == 7 else 0.2)
        while time.monotonic() < deadline and claimed.get(number) != 16:
            pause.wait(0.02)
            (row,) = office.rows("SELECT count(*) FROM escalation.delivery_attempts")
            claimed[number] = row["count"]

    office.server.on_every("dot", answer_late)

    assert office.send() == {"accepted": 16}

    assert claimed[2] == 8
    assert claimed[7] == 16
