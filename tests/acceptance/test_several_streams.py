"""Several event streams and several workers as processes: kills, and another number of streams while events come."""

import threading
from collections.abc import Iterator

import pytest
from redis import Redis
from sqlalchemy import Connection, text

from escalation_client import Publisher
from escalation_client.layout import KEY_STREAMS, stream_name
from services.events.stream import EVENTS, GROUP
from tests.acceptance.test_kills import (
    SESSIONS,
    SMALL_BATCHES,
    assert_nothing_lost_and_nothing_doubled,
    count,
    half_done,
    storm,
)
from tests.events import message
from tests.processes import Processes, wait_for

STREAMS = [EVENTS, *map(stream_name, range(4))]


def finished(connection: Connection, redis: Redis) -> bool:
    stored = count(connection, "escalation.event_inbox") == 10 * SESSIONS
    return stored and not any(redis.xpending(name, GROUP)["pending"] for name in STREAMS if redis.exists(name))


def told(redis: Redis) -> int:
    return int(redis.get(KEY_STREAMS) or 1)


def test_an_event_of_any_stream_becomes_a_ticket_by_the_doorbell_without_beat(
    family: Processes, redis: Redis, redis_url: str, connection: Connection
) -> None:
    family.worker(EVENT_STREAMS="4")
    wait_for(lambda: told(redis) == 4, "the number of streams")
    sessions = sorted(f"s{number}" for number in range(20))
    with Publisher(redis_url) as publisher:
        for session in sessions:
            publisher.publish(message(session, "i want to talk to a human"))
    opened = text("SELECT session_id FROM public.support_tickets ORDER BY 1")
    wait_for(lambda: list(connection.execute(opened).scalars()) == sessions, "the tickets")
    assert [redis.exists(name) for name in STREAMS[1:]] == [1, 1, 1, 1]


class Assistant(threading.Thread):
    """Publishes the storm in pieces, with one publisher that begins before the workers."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.publisher = Publisher(url)

    def run(self) -> None:
        events, pause = storm(), threading.Event()
        for begin in range(0, len(events), 50):
            self.publisher.publish_many(events[begin : begin + 50])
            pause.wait(0.1)


@pytest.fixture
def assistant(redis_url: str) -> Iterator[Assistant]:
    assistant = Assistant(redis_url)
    yield assistant
    assistant.join()
    assistant.publisher.close()


@pytest.mark.long
def test_a_worker_of_several_is_killed_in_the_middle_of_two_thousand_events(
    family: Processes, redis: Redis, connection: Connection, assistant: Assistant
) -> None:
    family.environment |= SMALL_BATCHES | {"EVENT_STREAMS": "4"}
    worker = family.worker()
    family.worker()
    wait_for(lambda: told(redis) == 4, "the number of streams")
    family.beat()
    assistant.start()
    half_done(connection)
    worker.kill()
    wait_for(lambda: finished(connection, redis), "all events in the inbox and nothing pending")
    assert_nothing_lost_and_nothing_doubled(connection)
    assert not redis.xlen(EVENTS)


@pytest.mark.long
@pytest.mark.parametrize(("before", "after"), [(1, 4), (4, 1), (4, 2)])
def test_another_number_of_streams_while_events_come_loses_nothing(
    family: Processes, redis: Redis, connection: Connection, assistant: Assistant, before: int, after: int
) -> None:
    """The assistant goes on with the number that it was told first."""
    family.environment |= SMALL_BATCHES
    worker = family.worker(EVENT_STREAMS=str(before))
    wait_for(lambda: told(redis) == before, "the number of streams")
    family.beat()
    assistant.start()
    half_done(connection)
    worker.stop()
    family.worker(EVENT_STREAMS=str(after))
    wait_for(lambda: told(redis) == after, "the other number")
    wait_for(lambda: finished(connection, redis), "all events in the inbox and nothing pending")
    assert_nothing_lost_and_nothing_doubled(connection)
