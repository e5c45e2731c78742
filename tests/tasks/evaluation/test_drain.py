"""From the stream and back: acknowledged after the commit, taken over from the dead, trimmed when nobody needs it."""

import json
import time
from dataclasses import replace
from typing import Any, Final

import pytest
from redis import Redis
from sqlalchemy import Connection

from escalation_client.events import encode
from services.database import engine as database
from services.events.rejected import find_rejected, list_rejected, replay
from services.events.stream import EVENTS, GROUP, OUTCOMES, EventStream, acknowledge, consumer_name, read_new
from services.events.trimming import trim
from services.installation import Installation
from services.monitoring.health import exceeded_limits, measure
from services.outbox.outcomes import relay
from tasks.evaluation.drain import drain, summary, take_over, write_and_acknowledge
from tests.events import confidence, message, started
from tests.tasks.conftest import Publish, forget, rows

YEAR_MILLISECONDS: Final = 366 * 24 * 3600 * 1000


def pending(redis: Redis) -> int:
    return int(redis.xpending(EVENTS, GROUP)["pending"])


def stored(redis: Redis, stream: str) -> list[Any]:
    entries: Any = redis.xrange(stream)
    return list(entries)


def test_a_drain_empties_the_stream_and_acknowledges(
    installation: Installation, redis: Redis, publish: Publish, connection: Connection
) -> None:
    publish([started("s"), message("s", "i want to talk to a human"), *[confidence(f"s{n}", 0.9) for n in range(20)]])
    result = drain(redis, installation)
    assert (result.events, result.opened, pending(redis)) == (22, 1, 0)
    assert summary(result) == "events=22 opened=1 mails=1 outcomes=1 to_judge=1"
    assert summary(drain(redis, installation)) == "idle"


def test_an_entry_without_the_field_is_set_aside_with_what_would_be_right(
    installation: Installation, redis: Redis, connection: Connection
) -> None:
    redis.xadd(EVENTS, {"evnet": "{}"})
    drain(redis, installation)
    (row,) = rows(connection, "SELECT reason FROM escalation.rejected_events")
    assert "no field 'event'" in row["reason"]
    assert pending(redis) == 0


def test_when_postgresql_is_away_everything_stays_pending(
    installation: Installation, redis: Redis, publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish([confidence("s", 0.1)])
    with monkeypatch.context() as away:
        away.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nowhere")
        forget()
        assert summary(drain(redis, installation)) == "postgresql=away"
        assert redis.xlen(EVENTS) == 1
    forget()
    assert drain(redis, installation).events == 1
    assert pending(redis) == 0


def test_when_postgresql_goes_away_in_between_what_was_read_stays_pending(
    installation: Installation, redis: Redis, publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish([confidence("s", 0.1)])
    entries = read_new(EventStream(redis), 1)
    with monkeypatch.context() as away:
        away.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nowhere")
        forget()
        assert write_and_acknowledge(EventStream(redis), entries, installation) is None
        assert summary(take_over(redis, shortened(installation))) == "postgresql=away"
    assert pending(redis) == 1
    forget()
    assert take_over(redis, shortened(installation)).events == 1
    assert pending(redis) == 0


def test_all_that_a_dead_consumer_left_is_taken_over_in_one_sweep(
    installation: Installation, redis: Redis, publish: Publish
) -> None:
    small = replace(installation, settings=installation.settings.model_copy(
        update={"reclaim_after_seconds": 0.0, "batch_size": 10}))  # fmt: skip
    publish([confidence(f"s{number}", 0.9) for number in range(35)])
    redis.xgroup_create(EVENTS, GROUP, id="0")
    redis.xreadgroup(GROUP, "killed", {EVENTS: ">"})
    assert take_over(redis, small).events == 35


def shortened(installation: Installation) -> Installation:
    """The same, but entries are taken over after a millisecond."""
    return replace(installation, settings=installation.settings.model_copy(update={"reclaim_after_seconds": 0.0}))


def test_entries_of_a_dead_consumer_are_taken_over(installation: Installation, redis: Redis, publish: Publish) -> None:
    publish([confidence("s", 0.1)])
    redis.xgroup_create(EVENTS, GROUP, id="0")
    redis.xreadgroup(GROUP, "killed", {EVENTS: ">"})
    assert drain(redis, installation).events == 0
    assert take_over(redis, installation).events == 0, "ten seconds have not passed"
    assert take_over(redis, shortened(installation)).events == 1
    assert pending(redis) == 0


def test_the_group_comes_back_when_redis_lost_it(installation: Installation, redis: Redis, publish: Publish) -> None:
    publish([confidence("s", 0.1)])
    drain(redis, installation)
    redis.delete(EVENTS)
    publish([confidence("s2", 0.1)])
    assert drain(redis, installation).opened == 1


def add_old_entries(redis: Redis, count: int) -> None:
    with redis.pipeline(transaction=False) as pipeline:
        for number in range(count):
            event = encode(confidence(f"s{number}", 0.9))
            pipeline.xadd(EVENTS, {"event": event}, id=f"{1_700_000_000_000 + number}-0")
        pipeline.execute()


@pytest.mark.parametrize("kept_seconds", [0, 3600])
def test_only_what_is_finished_and_old_is_trimmed(
    installation: Installation, redis: Redis, publish: Publish, kept_seconds: int
) -> None:
    add_old_entries(redis, 500)
    drain(redis, installation)
    publish([confidence("new", 0.9)])
    unfinished = read_new(EventStream(redis), 1)
    trim(redis, kept_seconds)
    remaining = {entry_id for entry_id, _ in stored(redis, EVENTS)}
    assert unfinished[0].entry_id.encode() in remaining
    assert len(remaining) < 500


def test_what_is_finished_goes_and_has_no_age_after_an_id_that_is_no_time(
    installation: Installation, redis: Redis, publish: Publish, connection: Connection
) -> None:
    redis.xadd(EVENTS, {"event": encode(confidence("micro", 0.9))}, id="1796029601899000-0")
    publish([confidence(f"s{number}", 0.9) for number in range(300)])
    drain(redis, installation)
    publish([confidence(name, 0.9) for name in ("pending", "unread")])
    unfinished = read_new(EventStream(redis), 1)
    trim(redis, 3600)
    remaining = [entry_id for entry_id, _ in stored(redis, EVENTS)]
    assert unfinished[0].entry_id.encode() in remaining
    assert len(remaining) < 300
    health = measure(connection, redis)
    assert (health.lag, health.pending, health.oldest_event) == (1, 1, 0)
    assert exceeded_limits(health, installation.settings) == []


def test_what_is_finished_goes_after_the_clock_of_redis_was_a_year_ahead(
    installation: Installation, redis: Redis, publish: Publish
) -> None:
    redis.xadd(
        EVENTS, {"event": encode(confidence("ahead", 0.9))}, id=f"{round(time.time() * 1000) + YEAR_MILLISECONDS}"
    )
    publish([confidence(f"s{number}", 0.9) for number in range(300)])
    drain(redis, installation)
    publish([confidence("pending", 0.9)])
    unfinished = read_new(EventStream(redis), 1)
    trim(redis, 3600)
    remaining = [entry_id for entry_id, _ in stored(redis, EVENTS)]
    assert unfinished[0].entry_id.encode() in remaining
    assert len(remaining) < 300


def test_what_is_pending_is_never_trimmed(installation: Installation, redis: Redis) -> None:
    """Neither by its age nor because later entries are finished: a killed process may have it in hand."""
    add_old_entries(redis, 500)
    first, *others = read_new(EventStream(redis), 500)
    acknowledge(EventStream(redis), [entry.entry_id for entry in others])
    trim(redis, 0)
    assert first.entry_id.encode() in {entry_id for entry_id, _ in stored(redis, EVENTS)}


def test_what_another_group_still_needs_is_kept(installation: Installation, redis: Redis) -> None:
    add_old_entries(redis, 500)
    redis.xgroup_create(EVENTS, "another", id="0")
    drain(redis, installation)
    trim(redis, 0)
    assert redis.xlen(EVENTS) == 500


def test_outcomes_reach_the_stream_once_they_are_committed(
    installation: Installation, redis: Redis, publish: Publish
) -> None:
    publish([started("s"), message("s", "i want to talk to a human")])
    drain(redis, installation)
    for _ in range(2):
        with database.begin() as connection:
            relay(connection, redis, 100, 10_000)
    (entry,) = stored(redis, OUTCOMES)
    outcome = json.loads(entry[1][b"outcome"])
    assert (outcome["type"], outcome["session_id"], outcome["reasons"]) == ("ticket.opened", "s", ["user_request"])
    assert outcome["ticket_number"] in outcome["say"]
    assert outcome["version"] == 1


def test_a_rejected_event_is_told_and_can_be_replayed(
    installation: Installation, redis: Redis, publish: Publish, connection: Connection
) -> None:
    bad = encode(confidence("s", 0.9)).replace("0.9", "9")
    publish([bad, bad])
    drain(redis, installation)
    (row,) = list_rejected(connection, 10, replayed_too=False)
    assert (row["session_id"], row["event_id"]) == ("s", confidence("s", 0.9).id)
    found = find_rejected(connection, str(row["rejected_id"])[:8])
    assert bytes(found["payload"]).decode() == bad
    assert replay(connection, redis, [(row["rejected_id"], encode(confidence("s", 0.1)).encode())]) == 1
    assert drain(redis, installation).opened == 1
    assert list_rejected(connection, 10, replayed_too=False) == []


def test_health_is_told_in_numbers_and_a_passed_limit_in_words(
    installation: Installation, redis: Redis, publish: Publish, connection: Connection
) -> None:
    publish([confidence(f"s{number}", 0.1) for number in range(3)])
    drain(redis, installation)
    redis.xadd(EVENTS, {"event": encode(confidence("waiting", 0.9))})
    health = measure(connection, redis)
    assert (health.lag, health.pending, health.due) == (1, 0, 3)
    assert exceeded_limits(health, installation.settings) == []
    strict = installation.settings.model_copy(update={"health_oldest_mail_seconds": 0.0001})
    assert [trouble.split(" (s)")[0] for trouble in exceeded_limits(health, strict)] == ["oldest due mail"]


def test_every_consumer_is_a_process_of_a_host() -> None:
    assert consumer_name().rpartition(":")[2].isdigit()


def test_acknowledging_nothing_is_no_command(redis: Redis) -> None:
    acknowledge(EventStream(redis), [])
