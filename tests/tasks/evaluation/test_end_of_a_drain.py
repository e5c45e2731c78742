"""What a drain leaves in Redis: hints before the acknowledgement, the turn for one, and its own hint answered."""

from itertools import takewhile
from typing import Any

import pytest
from redis import Redis

from config.settings import get_settings
from escalation_client.events import encode
from services.delivery.lease import leave_turn, take_turn, turn_key
from services.escalation.process_batch import BatchResult
from services.events.rings import Turn, answer_ring
from services.events.stream import EVENTS, GROUP, EventStream, connect, finish, read_new, redis_client
from services.installation import Installation, get_installation
from tasks.celery_config import KEY_PREFIX
from tasks.evaluation.drain import drain, write_and_acknowledge
from tasks.hints import hint, rings
from tasks.mail import send_directly
from tests.events import message
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
    assert not finish(stream, [first], rings("relay_outcomes"), Turn(turn_key(), first, otherwise))
    assert (rung_for(redis, "sweeps"), rung_for(redis, "mail")) == (1, 1)
    answer_ring(redis, "deliver_due")
    assert finish(stream, [last], [], Turn(turn_key(), last, otherwise))
    assert rung_for(redis, "mail") == 1, "no sender is needed"
    assert not take_turn()
    pending: Any = redis.xpending(EVENTS, GROUP)
    assert pending["pending"] == 0


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
