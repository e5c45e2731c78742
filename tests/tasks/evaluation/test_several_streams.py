"""Events spread over several streams: each session's in one, none left behind, whatever the number was or becomes."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from redis import Redis
from redis.exceptions import ResponseError
from sqlalchemy import Connection
from typer.testing import CliRunner

from config.settings import get_settings
from escalation_client import Publisher
from escalation_client.events import Event, decode, encode
from escalation_client.layout import KEY_STREAMS, stream_name, stream_of
from services.events.layout import announce_streams, event_streams, numbered_streams
from services.events.stream import EVENTS, GROUP, connect
from services.events.trimming import erase_entries, trim
from services.installation import Installation
from services.monitoring.health import measure, measure_each_stream
from tasks.evaluation.drain import drain, take_over
from tests.events import confidence, message, started
from tests.tasks.conftest import forget, rows
from worker.commands.status import app as status

SESSIONS = [f"session-{number}" for number in range(40)]

Choose = Callable[[int], tuple[Redis, Installation]]


@pytest.fixture
def choose(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> Iterator[Choose]:
    """Begin as a worker with so many streams, which has told publishers so."""
    clients: list[Redis] = []

    def begin(number: int) -> tuple[Redis, Installation]:
        monkeypatch.setenv("EVENT_STREAMS", str(number))
        forget()
        redis = connect(get_settings().redis_url.get_secret_value())
        clients.append(redis)
        announce_streams(redis)
        return redis, replace(installation, settings=get_settings())

    yield begin
    for client in clients:
        client.close()


def tell(installation: Installation, events: list[Event]) -> None:
    """Publish as an assistant that begins now."""
    with Publisher(installation.settings.redis_url.get_secret_value()) as publisher:
        publisher.publish_many(events)


def events_of(redis: Redis, stream: str) -> list[Event]:
    entries: Any = redis.xrange(stream)
    return [decode(fields[b"event"]) for _, fields in entries]


def pending(redis: Redis) -> int:
    return sum(state.pending for state in measure_each_stream(redis).values())


def test_one_stream_is_what_it_always_was(choose: Choose) -> None:
    redis, installation = choose(1)
    tell(installation, [confidence(session, 0.9) for session in SESSIONS])
    assert drain(redis, installation).events == len(SESSIONS)
    assert [stream.name for stream in event_streams(redis)] == [EVENTS]
    assert set(redis.keys("escalation:event*")) == {EVENTS.encode()}


def test_one_stream_asks_redis_nothing_more_than_it_always_did(choose: Choose) -> None:
    redis, installation = choose(1)
    tell(installation, [confidence("first", 0.9)])
    drain(redis, installation)
    tell(installation, [confidence("second", 0.9)])
    redis.config_resetstat()
    drain(redis, installation)
    told = redis.info("commandstats")
    assert {name.removeprefix("cmdstat_"): count["calls"] for name, count in told.items()} == {
        "config|resetstat": 1,
        # The answer to the hint, with the read in one round trip.
        "del": 1,
        "xreadgroup": 1,
        "xack": 1,
    }


def test_a_session_stays_in_its_stream_and_in_order(choose: Choose) -> None:
    redis, installation = choose(4)
    tell(installation, [confidence(session, 0.5 + number / 10) for number in range(4) for session in SESSIONS])
    assert not redis.exists(EVENTS)
    for stream in numbered_streams():
        found = events_of(redis, stream)
        assert found, f"{stream} has none of {len(SESSIONS)} sessions"
        assert {stream_of(event.session_id, 4) for event in found} == {stream}
        for session in {event.session_id for event in found}:
            told = [getattr(event, "confidence", None) for event in found if event.session_id == session]
            assert told == [0.5, 0.6, 0.7, 0.8]


def test_all_streams_are_worked_off_and_the_one_too(choose: Choose, connection: Connection) -> None:
    redis, installation = choose(4)
    tell(installation, [confidence(session, 0.1) for session in SESSIONS])
    redis.xadd(EVENTS, {"event": encode(confidence("a client of before", 0.1))})
    assert drain(redis, installation).opened == len(SESSIONS) + 1
    assert pending(redis) == 0


def test_one_run_empties_streams_of_several_batches(choose: Choose) -> None:
    redis, installation = choose(4)
    small = replace(installation, settings=installation.settings.model_copy(update={"batch_size": 3}))
    tell(installation, [confidence(session, 0.9) for session in SESSIONS])
    assert drain(redis, small).events == len(SESSIONS)


def test_what_a_dead_consumer_had_of_any_stream_is_taken_over(choose: Choose) -> None:
    redis, installation = choose(4)
    quick = replace(installation, settings=installation.settings.model_copy(update={"reclaim_after_seconds": 0.0}))
    tell(installation, [confidence(session, 0.1) for session in SESSIONS])
    for stream in numbered_streams():
        redis.xgroup_create(stream, GROUP, id="0")
        redis.xreadgroup(GROUP, "killed", {stream: ">"})
    assert drain(redis, installation).events == 0
    assert take_over(redis, quick).opened == len(SESSIONS)
    assert pending(redis) == 0


def test_a_stream_that_is_none_keeps_nobody_from_the_others(choose: Choose, connection: Connection) -> None:
    redis, installation = choose(4)
    for broken in numbered_streams():
        redis.flushdb()
        announce_streams(redis)
        redis.set(broken, "somebody else's")
        spared = [f"{broken} {session}" for session in SESSIONS]
        events: list[Event] = [confidence(session, 0.9) for session in spared if stream_of(session, 4) != broken]
        tell(installation, events)
        with pytest.raises(ResponseError, match="WRONGTYPE"):
            drain(redis, installation)
        stored = rows(
            connection, "SELECT 1 FROM escalation.event_inbox WHERE starts_with(session_id, :broken)", broken=broken
        )
        assert len(stored) == len(events) > 0


@pytest.mark.parametrize(("before", "after"), [(1, 4), (4, 1), (4, 2), (2, 4)])
def test_a_change_of_the_number_leaves_nothing_behind(choose: Choose, before: int, after: int) -> None:
    redis, installation = choose(before)
    tell(installation, [confidence(session, 0.1) for session in SESSIONS])
    redis, installation = choose(after)
    tell(installation, [started(session) for session in SESSIONS])
    result = drain(redis, installation)
    assert (result.events, result.opened, pending(redis)) == (2 * len(SESSIONS), len(SESSIONS), 0)


def test_what_waited_before_the_change_comes_first(choose: Choose, connection: Connection) -> None:
    redis, installation = choose(4)
    tell(installation, [confidence(session, 0.9) for session in SESSIONS])
    redis, installation = choose(1)
    tell(installation, [confidence(f"later-{session}", 0.9) for session in SESSIONS])
    drain(redis, installation)
    found = rows(connection, "SELECT session_id FROM escalation.event_inbox ORDER BY received_at, session_id")
    later = [row["session_id"].startswith("later") for row in found]
    assert later == sorted(later)


def test_a_publisher_with_an_old_number_loses_nothing(choose: Choose) -> None:
    _, installation = choose(4)
    with Publisher(installation.settings.redis_url.get_secret_value()) as publisher:
        publisher.publish(confidence(SESSIONS[0], 0.9))
        redis, installation = choose(1)
        publisher.publish_many([confidence(session, 0.1) for session in SESSIONS])
    assert drain(redis, installation).events == len(SESSIONS) + 1


def test_streams_of_before_go_when_they_are_finished_and_old(choose: Choose) -> None:
    redis, installation = choose(4)
    tell(installation, [confidence(session, 0.9) for session in SESSIONS])
    redis, installation = choose(2)
    assert trim(redis, 0) == 0, "nobody has read them"
    drain(redis, installation)
    trim(redis, 3_600)
    assert redis.exists(*[stream_name(number) for number in range(4)]) == 4, "they are not old"
    trim(redis, -10)
    assert [redis.exists(stream_name(number)) for number in range(4)] == [1, 1, 0, 0]
    assert drain(redis, installation).events == take_over(redis, installation).events == 0
    assert [redis.exists(stream_name(number)) for number in range(4)] == [1, 1, 0, 0], "nobody makes them again"


def test_a_stream_of_before_whose_ids_are_no_times_goes_when_it_is_finished(choose: Choose) -> None:
    redis, installation = choose(4)
    redis.xadd(stream_name(3), {"event": encode(confidence("s", 0.9))}, id="1796029601899000-0")
    redis, installation = choose(2)
    assert trim(redis, 3_600) == 0, "nobody has read it"
    drain(redis, installation)
    assert (trim(redis, 3_600), redis.exists(stream_name(3))) == (1, 0)


def test_each_stream_is_trimmed(choose: Choose) -> None:
    redis, installation = choose(2)
    for place, stream in enumerate(numbered_streams()):
        for number in range(300):
            event = encode(confidence(f"s-{place}-{number}", 0.9))
            redis.xadd(stream, {"event": event}, id=f"{1_700_000_000_000 + number}-0")
    drain(redis, installation)
    trim(redis, 3_600)
    assert all(redis.xlen(stream) < 300 for stream in numbered_streams())


def test_a_person_is_erased_from_every_stream(choose: Choose) -> None:
    redis, installation = choose(4)
    tell(installation, [message(session, "Zebulon") for session in SESSIONS])
    assert erase_entries(redis, set(SESSIONS)).waiting == len(SESSIONS)
    drain(redis, installation)
    assert erase_entries(redis, set(SESSIONS[1:])).gone == len(SESSIONS) - 1
    left = [event.session_id for stream in numbered_streams() for event in events_of(redis, stream)]
    assert left == SESSIONS[:1]


def test_lag_is_told_as_a_sum_and_by_stream(
    choose: Choose, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    redis, installation = choose(4)
    tell(installation, [confidence(session, 0.9) for session in SESSIONS])
    states = measure_each_stream(redis)
    assert list(states) == [EVENTS, *numbered_streams()]
    assert measure(connection, redis).lag == sum(state.lag for state in states.values()) == len(SESSIONS)
    shown = CliRunner().invoke(status, env={"COLUMNS": "300"}).stdout
    for stream in numbered_streams():
        assert f"{states[stream].lag} in {stream}" in shown


def test_publishers_are_told_the_number_for_an_hour(choose: Choose) -> None:
    redis, _ = choose(4)
    assert redis.get(KEY_STREAMS) == b"4"
    assert 3_500 < int(redis.ttl(KEY_STREAMS)) <= 3_600
    redis, _ = choose(1)
    assert not redis.exists(KEY_STREAMS)
