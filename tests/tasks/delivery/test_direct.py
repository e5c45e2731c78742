"""A drain sends the few mails that it has queued, as any sender would, and only while the server is fast."""

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from redis.exceptions import NoPermissionError
from sqlalchemy import text

from escalation_client.events import encode
from services.database.engine import begin, engine
from services.delivery.circuit_breaker import OPEN
from services.delivery.lease import lease, leave_turn, take_place, take_turn
from services.escalation.process_batch import BatchResult
from services.events.stream import EVENTS, GROUP, redis_client
from services.installation import get_installation
from services.transports.factory import process_transport
from tasks.delivery.slots import SENDERS, senders_at_once
from tasks.evaluation.drain import drain
from tasks.mail import send, send_directly
from tests.events import message
from tests.processes import Processes, processes, wait_for
from tests.services.delivery.conftest import Setting
from tests.services.delivery.office import Office
from tests.smtp_session import Session, hang
from tests.tasks.hinted import publish, rung_for


@pytest.fixture
def redis(setting: Setting) -> Redis:
    return redis_client()


@pytest.fixture
def family(office: Office, tmp_path: Path) -> Iterator[Processes]:
    with processes(os.environ, tmp_path) as started:
        yield started


def ordinary_sender(office: Office) -> None:
    """One that has sent a mail just now, and was fast, however busy this machine is."""
    office.queue("earlier")
    assert send("deliver_due", urgent_only=False) == "sent=1"
    leave_turn()


def drained(redis: Redis, *sessions: str) -> None:
    """Publish an event that opens a ticket for each session, and drain them."""
    assert drain_after(redis, *sessions).opened == len(sessions)


def drain_after(redis: Redis, *sessions: str) -> BatchResult:
    publish(redis, *sessions)
    return drain(redis, get_installation(), send_directly)


@contextmanager
def user_of(redis: Redis, keys: str = "*", *commands: str) -> Iterator[str]:
    """The address of the server for a user with fewer rights."""
    redis.acl_setuser(
        "guest", enabled=True, nopass=True, keys=[keys], channels=["*"], commands=["+@all", *commands], reset=True
    )
    place = redis.connection_pool.connection_kwargs
    try:
        yield f"redis://guest:any@{place['host']}:{place['port']}/{place['db']}"
    finally:
        redis.acl_deluser("guest")


def test_a_drain_sends_while_the_server_is_fast(office: Office, redis: Redis) -> None:
    ordinary_sender(office)
    for number in range(3):
        drained(redis, f"s{number}")
        leave_turn()
    assert office.states() == {"accepted": 4}
    assert rung_for(redis, "sweeps") > 0, "for the outcomes"


def test_whoever_was_fast_leaves_a_turn_for_one(office: Office, redis: Redis) -> None:
    def sent_fast() -> bool:
        office.queue(f"mail {len(office.server.messages)}")
        send("deliver_due", urgent_only=False)
        return take_turn()

    wait_for(sent_fast, "a run that was fast", seconds=20)
    assert not take_turn()


def test_a_worker_without_mail_queues_sends_what_it_has_queued(office: Office, redis: Redis, family: Processes) -> None:
    ordinary_sender(office)
    family.worker("events", concurrency=1)
    publish(redis, "s")
    wait_for(lambda: office.states() == {"accepted": 2}, "the mail of the ticket")


def test_nobody_sends_who_was_not_told_that_the_server_is_fast(office: Office, redis: Redis) -> None:
    drained(redis, "s")
    assert (office.states(), rung_for(redis, "mail")) == ({"queued": 1}, 1)


def test_a_slow_server_is_left_to_the_senders(office: Office, redis: Redis) -> None:
    def slowly(_: Session) -> None:
        time.sleep(0.3)

    ordinary_sender(office)
    office.server.on("dot", slowly, slowly)
    drained(redis, "became slow")
    drained(redis, "next")
    assert (office.states(), rung_for(redis, "mail")) == ({"accepted": 2, "queued": 1}, 1)
    assert send("deliver_due", urgent_only=False) == "sent=1"
    drained(redis, "one more")
    assert office.states() == {"accepted": 3, "queued": 1}


def test_safety_mail_goes_first_and_alone_takes_the_urgent_way(office: Office, redis: Redis) -> None:
    ordinary_sender(office)
    office.queue("ordinary")
    redis.xadd(EVENTS, {"event": encode(message("s", "the cable is on fire and there is smoke everywhere"))})
    assert drain(redis, get_installation(), send_directly).urgent == 1
    assert office.states()["queued"] == 1
    assert office.server.messages[1].header("Subject") != "ordinary"


def test_safety_mail_beside_ordinary_mail_keeps_its_own_sender(office: Office, redis: Redis) -> None:
    ordinary_sender(office)
    redis.xadd(EVENTS, {"event": encode(message("danger", "the cable is on fire and there is smoke everywhere"))})
    result = drain_after(redis, "ordinary")
    assert (result.mails, result.urgent) == (2, 1)
    assert (rung_for(redis, "urgent"), rung_for(redis, "mail")) == (1, 1)
    assert office.states()["accepted"] == 1


def test_mail_whose_event_cannot_be_acknowledged_is_left_to_the_senders(
    office: Office, redis: Redis, setting: Setting
) -> None:
    ordinary_sender(office)
    with user_of(redis, "*", "-xack") as address:
        setting(redis_url=address)
        leave_turn()
        with pytest.raises(NoPermissionError):
            drained(redis_client(), "s")
    assert (office.states(), rung_for(redis, "mail")) == ({"accepted": 1, "queued": 1}, 1)


def test_mail_that_went_is_told_though_no_turn_can_be_left(office: Office, redis: Redis, setting: Setting) -> None:
    with user_of(redis, "escalation:[^d]*") as address:
        setting(redis_url=address)
        with pytest.raises(NoPermissionError):
            take_turn()
        office.queue("mail")
        assert send("deliver_due", urgent_only=False) == "sent=1"
        assert rung_for(redis, "sweeps") > 0, "for the outcomes"
        drained(redis_client(), "s")
    assert (office.states(), rung_for(redis, "mail")) == ({"accepted": 1, "queued": 1}, 1)


def test_events_that_wait_come_before_mail(office: Office, redis: Redis, setting: Setting) -> None:
    setting(batch_size=1)
    ordinary_sender(office)
    drained(redis, "first", "last")
    # The first event's mail was left to the senders while the last one waited; the last event's run took it along.
    assert (office.states(), rung_for(redis, "mail")) == ({"accepted": 3}, 1)


def test_many_mails_are_left_to_the_senders(office: Office, redis: Redis) -> None:
    ordinary_sender(office)
    drained(redis, "a", "b", "c", "d")
    assert (office.states(), rung_for(redis, "mail")) == ({"accepted": 1, "queued": 4}, 1)
    assert take_turn(), "it is still somebody's"


def test_an_account_whose_circuit_is_open_is_left_to_the_senders(office: Office, redis: Redis) -> None:
    office.server.on("auth", "535 5.7.8 Bad credentials")
    office.queue("refused")
    send("deliver_due", urgent_only=False)
    assert office.account()["state"] == OPEN
    logins = office.server.count("auth")
    leave_turn()
    drained(redis, "s")
    assert (office.states()["accepted"], office.server.count("auth")) == (0, logins)
    assert rung_for(redis, "mail") == 1


def test_a_limit_of_the_account_holds_for_a_drain(office: Office, redis: Redis, setting: Setting) -> None:
    setting(mail_per_minute=2)
    for name in ("one", "two"):
        office.queue(name, rank=0)
    assert send("deliver_urgent", urgent_only=True) == "sent=2"
    leave_turn()
    drained(redis, "s")
    assert (office.states(), rung_for(redis, "mail")) == ({"accepted": 2, "queued": 1}, 1)


def test_a_drain_waits_for_no_other_sender(office: Office, redis: Redis) -> None:
    ordinary_sender(office)
    account = process_transport().account
    with ExitStack() as held:
        for _ in range(SENDERS):
            connection = held.enter_context(engine().connect())
            held.enter_context(lease(connection))
            assert take_place(connection, account.key, senders_at_once(account.limits, urgent_only=False))
        drained(redis, "s")
    assert (office.states(), rung_for(redis, "mail")) == ({"accepted": 1, "queued": 1}, 1)


def test_another_password_finds_no_turn(office: Office, redis: Redis, setting: Setting) -> None:
    ordinary_sender(office)
    setting(smtp_password="")
    drained(redis_client(), "s")
    assert (office.states(), office.server.count("auth")) == ({"accepted": 1, "queued": 1}, 1)


def test_a_worker_told_not_to_sends_nothing(office: Office, redis: Redis, setting: Setting, family: Processes) -> None:
    ordinary_sender(office)
    family.environment["MAIL_DIRECT"] = "false"
    family.worker("events", concurrency=1)
    publish(redis, "s")
    wait_for(lambda: rung_for(redis, "mail") == 1, "the hint for the senders")
    assert office.states() == {"accepted": 1, "queued": 1}


def test_a_server_that_hangs_keeps_a_drain_for_a_second_only(office: Office, redis: Redis, setting: Setting) -> None:
    setting(smtp_command_seconds=60)
    ordinary_sender(office)
    office.server.on("mail", hang)
    drained(redis, "s")
    assert (office.states(), rung_for(redis, "mail")) == ({"accepted": 1, "queued": 1}, 1)
    assert not take_turn()


@pytest.mark.long
def test_a_worker_killed_after_the_acknowledgement_loses_no_mail_and_sends_none_twice(
    office: Office, redis: Redis, family: Processes
) -> None:
    ordinary_sender(office)
    worker = family.worker("events", concurrency=1, LOCK_TIMEOUT_SECONDS="60")
    leave_turn()
    with begin() as connection:
        # A sender reads it before it claims.
        connection.execute(text("LOCK TABLE escalation.mail_accounts IN ACCESS EXCLUSIVE MODE"))
        publish(redis, "s")
        wait_for(lambda: office.rows("SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'"), "the drain's run")
        pending: Any = redis.xpending(EVENTS, GROUP)
        assert pending["pending"] == 0
        worker.kill()
    assert not take_turn()
    assert office.states() == {"accepted": 1, "queued": 1}
    assert send("deliver_due", urgent_only=False) == "sent=1"
    assert office.states() == {"accepted": 2}
    assert len(office.server.messages) == 2
