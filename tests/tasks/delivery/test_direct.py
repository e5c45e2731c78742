"""A drain sends the few mails that it has queued, as any sender would, and only while the server is fast."""

import time
from contextlib import ExitStack
from itertools import count

from redis import Redis

from escalation_client.events import encode
from services.database.engine import engine
from services.delivery.circuit_breaker import OPEN
from services.delivery.lease import lease, leave_turn, take_place, take_turn
from services.escalation.process_batch import BatchResult
from services.events.stream import EVENTS, redis_client
from services.installation import get_installation
from services.transports.factory import process_transport
from tasks.delivery.slots import SENDERS, senders_at_once
from tasks.evaluation.drain import drain
from tasks.evaluation.end_of_batch import MaySend
from tasks.mail import send, send_directly
from tests.events import message
from tests.processes import Processes, wait_for
from tests.services.delivery.conftest import Setting
from tests.services.delivery.office import Office
from tests.smtp_session import Session
from tests.tasks.delivery.direct import drain_after, drained, family, ordinary_sender, redis
from tests.tasks.hinted import publish, rung_for

__all__ = ["family", "redis"]


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
    ordinary = office.queue("ordinary")
    session = count()

    def sent_at_once() -> bool:
        # A drain that was given no processor for a second leaves its mail to the senders.
        leave_turn()
        danger = message(f"s{next(session)}", "the cable is on fire and there is smoke everywhere")
        redis.xadd(EVENTS, {"event": encode(danger)})
        assert drain(redis, get_installation(), send_directly).urgent == 1
        return len(office.server.messages) > 1

    wait_for(sent_at_once, "a safety mail that a drain has sent")
    assert office.recipient(ordinary)["state"] == "queued"
    assert "ordinary" not in office.subjects()


def test_safety_mail_beside_ordinary_mail_keeps_its_own_sender(office: Office, redis: Redis) -> None:
    ordinary_sender(office)
    redis.xadd(EVENTS, {"event": encode(message("danger", "the cable is on fire and there is smoke everywhere"))})
    result = drain_after(redis, "ordinary")
    assert (result.mails, result.urgent) == (2, 1)
    assert (rung_for(redis, "urgent"), rung_for(redis, "mail")) == (1, 1)
    assert office.states()["accepted"] == 1


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


def test_who_was_rung_for_and_found_a_drain_in_the_only_place_is_rung_for_again(
    office: Office, redis: Redis, setting: Setting
) -> None:
    setting(mail_connections=1)
    ordinary_sender(office)
    assert take_turn(), "so that the drain has none"
    meanwhile: list[str] = []

    def send_beside_a_sender(result: BatchResult, may_send: MaySend) -> None:
        def may_send_after_the_sender() -> bool:
            if not meanwhile:
                meanwhile.append(send("deliver_due", urgent_only=False))
            return may_send()

        send_directly(result, may_send_after_the_sender)

    publish(redis, "s")
    drain(redis, get_installation(), send_beside_a_sender)
    assert (meanwhile, office.states()) == (["idle"], {"accepted": 1, "queued": 1})
    assert rung_for(redis, "mail") == 1 + 1
    assert send("deliver_due", urgent_only=False) == "sent=1"


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
