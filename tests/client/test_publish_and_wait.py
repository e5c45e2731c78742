"""Publishing and waiting: the event first, then the outcome or words for its absence, and never an error for a read."""

import asyncio
import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from escalation_client import AsyncPublisher, EscalationRequested, MessageAdded, Publisher, PublishError, Receipt
from escalation_client.events import FIELD_OUTCOME, STREAM_EVENTS, STREAM_OUTCOMES
from escalation_client.words import say_taken
from tests.client.stream import events_in, sessions_in
from tests.client.test_outcomes import outcome
from worker.embedded import EmbeddedValkey

LANGUAGES = ("en", "el", "ar", "es", "tr", "no")
OVERBOARD = EscalationRequested(session_id="s1", notes="man overboard")


class Publishing:
    """`publish_and_wait` of one of the two publishers."""

    def __init__(self, kind: str, url: str, **options: Any) -> None:
        self.kind, self.url, self.options = kind, url, options

    def __call__(self, event: Any = OVERBOARD, timeout: float = 5.0, **how: Any) -> Receipt:
        if self.kind == "threads":
            with Publisher(self.url, **self.options) as publisher:
                return publisher.publish_and_wait(event, timeout, **how)
        return asyncio.run(self.publish(event, timeout, **how))

    async def publish(self, event: Any, timeout: float, **how: Any) -> Receipt:
        async with AsyncPublisher(self.url, **self.options) as publisher:
            return await publisher.publish_and_wait(event, timeout, **how)


@pytest.fixture(params=["threads", "loop"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


class Worker(threading.Thread):
    """Answers each event in the stream with a ticket, as soon as it stands there."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url
        self.ended = threading.Event()

    def run(self) -> None:
        after = "0-0"
        with Redis.from_url(self.url) as redis:
            while not self.ended.is_set():
                for _, entries in redis.xread({STREAM_EVENTS: after}, block=50) or []:
                    for entry_id, fields in entries:
                        after = entry_id
                        answer(redis, json.loads(fields[b"event"])["session_id"])


def answer(redis: Redis, session_id: str, **members: Any) -> None:
    document = outcome(session_id, ticket_number="AB-20260301-0007", say="Case AB-20260301-0007 is open.", **members)
    redis.xadd(STREAM_OUTCOMES, {FIELD_OUTCOME: json.dumps(document)})


@pytest.fixture
def worker(url: str) -> Iterator[None]:
    worker = Worker(url)
    worker.start()
    yield
    worker.ended.set()
    worker.join()


def test_the_receipt_has_the_ticket_and_its_words(kind: str, url: str, worker: None) -> None:
    receipt = Publishing(kind, url)()
    assert receipt.confirmed
    assert (receipt.ticket_number, receipt.say) == ("AB-20260301-0007", "Case AB-20260301-0007 is open.")
    assert receipt.entry_id


def test_an_earlier_outcome_of_the_session_is_not_taken_for_this_one_s(kind: str, url: str, redis: Redis) -> None:
    answer(redis, "s1")
    assert not Publishing(kind, url)(timeout=0.1).confirmed
    assert events_in(redis) == [OVERBOARD]


def test_without_an_answer_in_time_the_user_hears_that_it_is_not_confirmed(kind: str, url: str, redis: Redis) -> None:
    began = time.monotonic()
    receipt = Publishing(kind, url)(timeout=0.3, language="el")
    assert 0.3 <= time.monotonic() - began < 3
    assert (receipt.outcome, receipt.ticket_number, receipt.contact) == (None, None, None)
    assert receipt.say == say_taken("el")
    assert receipt.entry_id == redis.xrange(STREAM_EVENTS)[0][0].decode()  # type: ignore[index,union-attr]


def test_one_can_go_on_waiting_where_the_receipt_stopped(url: str, redis: Redis) -> None:
    with Publisher(url) as publisher:
        receipt = publisher.publish_and_wait(OVERBOARD, 0)
        answer(redis, "s1")
        assert receipt.position is not None
        later = publisher.outcomes.wait_for_outcome(receipt.session_id, 1, after=receipt.position)
    assert later is not None
    assert later.ticket_number == "AB-20260301-0007"


def test_an_absent_redis_is_no_error_once_the_spool_has_the_event(
    kind: str, url: str, server: EmbeddedValkey, redis: Redis, spool: Path
) -> None:
    server.kill()
    receipt = Publishing(kind, url, spool=spool)(timeout=1)
    assert (receipt.entry_id, receipt.outcome, receipt.say) == (None, None, say_taken("en"))
    server.start()
    with Publisher(url, spool=spool) as publisher:
        assert publisher.flush(20)
    assert events_in(redis) == [OVERBOARD]


def test_a_redis_that_hangs_holds_up_nobody_for_long_once_there_is_a_spool(
    kind: str, url: str, server: EmbeddedValkey, spool: Path
) -> None:
    assert server.pid
    os.kill(server.pid, signal.SIGSTOP)
    try:
        began = time.monotonic()
        receipt = Publishing(kind, url, spool=spool)(timeout=1.0)
        assert time.monotonic() - began < 5
    finally:
        os.kill(server.pid, signal.SIGCONT)
    assert (receipt.confirmed, receipt.say) == (False, say_taken("en"))
    with Publisher(url, spool=spool) as publisher:
        assert publisher.flush(30)


def test_events_behind_a_backlog_are_taken_at_once(kind: str, url: str, server: EmbeddedValkey, spool: Path) -> None:
    server.kill()
    publishing = Publishing(kind, url, spool=spool)
    publishing()
    began = time.monotonic()
    assert publishing(timeout=5).entry_id is None
    assert time.monotonic() - began < 4


def test_an_event_that_nobody_took_is_an_error(kind: str, url: str, server: EmbeddedValkey) -> None:
    server.kill()
    with pytest.raises(PublishError, match=r"127\.0\.0\.1"):
        Publishing(kind, url)(timeout=1)


@pytest.mark.parametrize("unreadable", ["no right to read", "a key of another type"])
def test_outcomes_that_cannot_be_read_cost_no_event(kind: str, url: str, redis: Redis, unreadable: str) -> None:
    if unreadable == "a key of another type":
        redis.set(STREAM_OUTCOMES, "no stream")
    else:
        redis.acl_setuser("writer", enabled=True, passwords=["+pw"], keys=["escalation:events"], commands=["+xadd"])
        url = url.replace(url.split("@")[0], "redis://writer:pw")
    receipt = Publishing(kind, url)(timeout=1)
    assert receipt.entry_id
    assert receipt.say == say_taken("en")
    assert set(sessions_in(redis)) == {"s1"}


def test_redis_going_away_while_waiting_is_no_error(kind: str, url: str, server: EmbeddedValkey) -> None:
    killer = threading.Timer(0.3, server.kill)
    killer.start()
    receipt = Publishing(kind, url)(timeout=5)
    killer.join()
    assert receipt.entry_id
    assert not receipt.confirmed


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_words_are_in_the_user_s_language_and_claim_no_ticket_and_no_human(language: str) -> None:
    words, danger = say_taken(language), say_taken(language, safety=True)
    assert danger.endswith(words)
    assert len(danger) > len(words)
    assert words not in {say_taken(other) for other in LANGUAGES if other != language}


@pytest.mark.parametrize(("tag", "spoken"), [("nb-NO", "no"), ("EL", "el"), ("fr", "en"), ("?!", "en"), (None, "en")])
def test_any_language_tag_finds_words(tag: str | None, spoken: str) -> None:
    assert say_taken(tag) == say_taken(spoken)


def test_danger_and_the_event_s_own_language_choose_the_words(kind: str, url: str, redis: Redis) -> None:
    publishing = Publishing(kind, url)
    danger = EscalationRequested(session_id="s1", reason="safety_concern")
    smoke = MessageAdded(session_id="s1", message_id="m", sender="user", content="duman", language="tr", safety=True)
    assert publishing(danger, 0, language="es").say == say_taken("es", safety=True)
    assert publishing(smoke, 0).say == say_taken("tr", safety=True)
