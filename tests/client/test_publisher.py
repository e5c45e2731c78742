"""Publishing: into the stream, quickly or not at all, and never into the chat's way."""

import logging
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest
from redis import Redis

from escalation_client import ConfidenceReported, InvalidEvent, MessageAdded, Publisher, PublishError
from tests.client.stream import events_in, report, reports, sessions_in
from worker.embedded import EmbeddedValkey


@pytest.fixture
def publisher(url: str) -> Iterator[Publisher]:
    with Publisher(url) as publisher:
        yield publisher


@pytest.fixture
def deaf() -> Iterator[str]:
    """The address of a server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"redis://:secret@127.0.0.1:{listener.getsockname()[1]}/0"


def test_an_event_stands_in_the_stream_under_the_id_that_was_returned(publisher: Publisher, redis: Redis) -> None:
    event = MessageAdded(session_id="s1", message_id="m1", sender="user", content="Καπνός από τον πίνακα 💨")
    entry_id = publisher.publish(event)
    assert events_in(redis) == [event]
    assert redis.xrange("escalation:events")[0][0].decode() == entry_id  # type: ignore[index,union-attr]


@pytest.mark.parametrize("event", [{"type": "message.added", "content": "his hand"}, "his hand", None])
def test_what_is_no_event_is_refused_in_words_and_without_what_it_says(publisher: Publisher, event: Any) -> None:
    with pytest.raises(InvalidEvent, match=r"expected an event, such as MessageAdded") as caught:
        publisher.publish(event)
    assert "his hand" not in str(caught.value)


@pytest.mark.parametrize("url", [None, ""])
def test_a_missing_address_is_named(url: Any) -> None:
    with pytest.raises(ValueError, match="the address of Redis is missing; expected one such as redis://"):
        Publisher(url)


def test_many_events_keep_their_order(publisher: Publisher, redis: Redis) -> None:
    events = reports(1_234)
    ids = publisher.publish_many(event for event in events)
    assert events_in(redis) == events
    assert len(set(ids)) == len(events)


def test_publishing_no_event_does_nothing(publisher: Publisher, redis: Redis) -> None:
    assert publisher.publish_many([]) == []
    assert not redis.exists("escalation:events")


def test_a_restart_of_redis_between_two_events_goes_unnoticed(
    publisher: Publisher, server: EmbeddedValkey, redis: Redis
) -> None:
    publisher.publish(report("before"))
    server.kill()
    server.start()
    publisher.publish(report("after"))
    assert sessions_in(redis) == ["before", "after"]


def test_an_absent_redis_is_one_clear_error_without_the_password(publisher: Publisher, server: EmbeddedValkey) -> None:
    server.kill()
    with pytest.raises(PublishError, match=r"127\.0\.0\.1") as caught:
        publisher.publish(report("s1"))
    assert server.password not in str(caught.value)


def test_a_wrong_password_is_a_publish_error(url: str, server: EmbeddedValkey) -> None:
    with Publisher(url.replace(server.password, "wrong")) as publisher, pytest.raises(PublishError, match="password"):
        publisher.publish(report("s1"))


def test_a_server_that_never_answers_costs_the_time_out_once(deaf: str) -> None:
    began = time.monotonic()
    with Publisher(deaf, timeout=0.3) as publisher, pytest.raises(PublishError, match=r"[Tt]ime"):
        publisher.publish(report("s1"))
    assert 0.25 < time.monotonic() - began < 2


def test_an_event_that_is_too_large_is_refused_before_it_is_sent(publisher: Publisher, redis: Redis) -> None:
    huge = MessageAdded(session_id="s1", message_id="m1", sender="user", content="ψ" * 200_000)
    with pytest.raises(InvalidEvent, match="at most"):
        publisher.publish(huge)
    assert not redis.exists("escalation:events")


def test_a_chat_is_not_disturbed_by_an_event_that_cannot_be(
    publisher: Publisher, redis: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    told = publisher.tell(MessageAdded, session_id="s1", message_id="m1", sender="Mrs Hansen", content="")
    assert told is None
    assert not redis.exists("escalation:events")
    assert "data.sender" in caplog.text
    assert "Hansen" not in caplog.text
    assert publisher.tell(ConfidenceReported, session_id="s1", confidence=0.4) is not None


def test_a_chat_is_not_disturbed_by_an_absent_redis(
    publisher: Publisher, server: EmbeddedValkey, caplog: pytest.LogCaptureFixture
) -> None:
    server.kill()
    with caplog.at_level(logging.ERROR):
        assert publisher.tell(ConfidenceReported, session_id="s1", confidence=0.4) is None
    assert "ConfidenceReported" in caplog.text
