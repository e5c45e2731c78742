"""What a drain leaves in Redis: hints before the acknowledgement, the turn for one, and its own hint answered."""

from itertools import takewhile
from typing import Any, cast

import pytest
from redis import Redis

from config.settings import get_settings
from escalation_client.events import encode
from services.delivery.lease import leave_turn, take_turn, turn_key
from services.escalation.process_batch import BatchResult
from services.events.finishing import Finishing
from services.events.rings import Turn, answer_ring
from services.events.stream import EVENTS, GROUP, EventStream, connect, read_new, redis_client
from services.installation import Installation, get_installation
from tasks.celery_config import KEY_PREFIX
from tasks.evaluation.batch import write
from tasks.evaluation.drain import drain, write_and_acknowledge
from tasks.evaluation.end_of_batch import MaySend, finish_and_send
from tasks.hints import hint, rings
from tasks.mail import send_directly
from tests.events import message
from tests.processes import wait_for
from tests.tasks.hinted import publish, rung_for


@pytest.fixture
def redis(installation: Installation) -> Redis:
    """The process's own client: its stream is on the server of the hints, so that both are one round trip."""
    return redis_client()


def test_a_turn_is_left_while_an_event_waits_and_all_else_is_done(redis: Redis) -> None:
    stream = EventStream(redis)
    leave_turn()
    publish(redis, "first", "last")
    first, last = (read_new(stream, 1)[0].entry_id for _ in range(2))
    (otherwise,) = rings("deliver_due")
    assert not Finishing(stream, [first], rings("relay_outcomes"), Turn(turn_key(), first, otherwise)).is_turn()
    assert (rung_for(redis, "sweeps"), rung_for(redis, "mail")) == (1, 1)
    answer_ring(redis, "deliver_due")
    assert Finishing(stream, [last], [], Turn(turn_key(), last, otherwise)).is_turn()
    assert rung_for(redis, "mail") == 1, "no sender is needed"
    assert not take_turn()
    pending: Any = redis.xpending(EVENTS, GROUP)
    assert pending["pending"] == 0


def test_answers_that_nobody_waited_for_reach_nobody_else(redis: Redis) -> None:
    publish(redis, "first")
    stream = EventStream(redis)
    (entry,) = read_new(stream, 1)
    (otherwise,) = rings("deliver_due")
    Finishing(stream, [entry.entry_id], [], Turn(turn_key(), entry.entry_id, otherwise)).close()
    assert redis.ping() is True
    wait_for(lambda: redis.xpending(EVENTS, GROUP)["pending"] == 0, "what was sent to be done all the same")
    assert rung_for(redis, "mail") == 1


def test_an_end_that_is_lost_on_its_way_is_done_again_and_the_mail_left_to_senders(redis: Redis) -> None:
    leave_turn()
    publish(redis, "s")
    stream, asked = EventStream(redis), cast("Any", redis)
    entries = read_new(stream, 1)
    written = write(entries, get_installation())
    # What writes waits from now on.
    asked.client_pause(60_000, all=False)

    def lose_it(result: BatchResult, may_send: MaySend) -> None:
        for client in asked.client_list():
            if client["cmd"] in {"eval", "xack"}:
                asked.client_kill_filter(_id=client["id"])
        asked.client_unpause()
        send_directly(result, may_send)
        assert not may_send()

    finish_and_send(stream, entries[0].entry_id, written, lose_it)
    assert asked.xpending(EVENTS, GROUP)["pending"] == 0
    assert rung_for(redis, "mail") == 1
    assert take_turn(), "it is still somebody's"


@pytest.mark.parametrize("is_elsewhere", [False, True])
@pytest.mark.parametrize("text", ["i want to talk to a human", "the cable is on fire and there is smoke everywhere"])
def test_senders_are_rung_for_before_the_event_is_acknowledged(redis: Redis, text: str, is_elsewhere: bool) -> None:
    """So a kill between the two leaves no mail without a hint."""
    stream = EventStream(connect(get_settings().redis_url.get_secret_value()) if is_elsewhere else redis)
    redis.xadd(EVENTS, {"event": encode(message("s", text))})
    entries = read_new(stream, 1)
    untyped: Any = redis
    with untyped.monitor() as monitor:
        write_and_acknowledge(stream, entries, get_installation(), send_directly)
        before = takewhile(lambda said: not said["command"].startswith("XACK"), monitor.listen())
        commands = [said["command"] for said in before]
    assert any(
        command.startswith(f"LPUSH {KEY_PREFIX}{'urgent' if 'fire' in text else 'mail'} ") for command in commands
    )


def test_a_drain_answers_its_hint(redis: Redis) -> None:
    hint("drain_events")
    assert drain(redis, get_installation()) == BatchResult()
    hint("drain_events")
    assert rung_for(redis, "events") == 2
