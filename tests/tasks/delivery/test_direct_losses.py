"""A drain that sends its own mail, and an acknowledgement, a turn, a server or the process is lost."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from redis import Redis
from redis.exceptions import NoPermissionError
from sqlalchemy import text

from services.database.engine import begin
from services.delivery.lease import leave_turn, take_turn
from services.events.stream import EVENTS, GROUP, redis_client
from tasks.mail import send
from tests.processes import Processes, wait_for
from tests.services.delivery.conftest import Setting
from tests.services.delivery.office import Office
from tests.smtp_session import hang
from tests.tasks.delivery.direct import drained, family, ordinary_sender, redis
from tests.tasks.hinted import publish, rung_for

__all__ = ["family", "redis"]


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
