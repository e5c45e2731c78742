"""Redis as the doctor finds it: away, closed to us, careless with events, or not the place where they arrive."""

import time

import pytest
from redis import Redis

from config.settings import Settings
from escalation_client.events import encode
from escalation_client.layout import KEY_STREAMS, stream_name
from services.events.stream import EVENTS, GROUP, EventStream, ensure_group
from tests.events import confidence
from tests.worker.doctor.doctor import Doctor
from worker.doctor.redis import check
from worker.liveness.last_seen import BEAT, LAST_RUNS
from worker.liveness.program.signs import SIGN_OF_LIFE


def test_a_redis_that_is_away_is_named(doctor: Doctor) -> None:
    found = doctor.examine(REDIS_URL="redis://:hidden-secret@127.0.0.1:1/0")
    assert "REDIS_URL" in found.broken()["redis"]["remedy"]
    assert found.of("workers", "unknown")
    assert "hidden-secret" not in found.output


@pytest.mark.long
def test_a_wrong_redis_password_is_told_apart(doctor: Doctor, redis_url: str) -> None:
    host = redis_url.partition("@")[2]
    found = doctor.examine(REDIS_URL=f"redis://:hidden-secret@{host}")
    assert "password" in found.broken()["redis"]["remedy"]
    assert "hidden-secret" not in found.output


def test_events_in_another_database_of_redis_are_found(doctor: Doctor, redis_url: str) -> None:
    with Redis.from_url(redis_url.removesuffix("/0") + "/2") as other:
        other.xadd(EVENTS, {"event": encode(confidence("lost", 0.1))})
        assert "events arrive in /2, you read /0" in doctor.examine().broken()["redis"]["found"]


@pytest.mark.long
def test_another_installation_on_the_same_server_is_only_noted(doctor: Doctor, redis_url: str) -> None:
    with Redis.from_url(redis_url.removesuffix("/0") + "/2") as other:
        other.xgroup_create(EVENTS, GROUP, mkstream=True)
    found = doctor.examine()
    assert "redis" not in found.broken()
    assert [one for one in found.of("redis", "note") if one["found"] == "another installation reads /2, you read /0"]


@pytest.mark.long
def test_a_redis_that_may_lose_what_it_confirmed_is_named(doctor: Doctor, redis: Redis) -> None:
    redis.config_set("appendfsync", "everysec")
    try:
        [warning] = doctor.examine().of("redis", "warning")
        assert "appendfsync is everysec" in warning["found"]
        redis.config_set("appendonly", "no")
        [warning] = doctor.examine().of("redis", "warning")
        assert warning["found"] == "appendonly is off"
    finally:
        redis.config_set("appendonly", "yes")
        redis.config_set("appendfsync", "always")


@pytest.mark.long
def test_a_redis_without_a_password_is_named(doctor: Doctor, redis: Redis, redis_url: str) -> None:
    credentials, _, host = redis_url.partition("@")
    redis.acl_setuser("default", enabled=True, nopass=True)
    try:
        warnings = [one["found"] for one in doctor.examine(REDIS_URL=f"redis://{host}").of("redis", "warning")]
        assert warnings == ["no password was needed"]
    finally:
        password = f"+{credentials.rpartition(':')[2]}"
        redis.acl_setuser("default", enabled=True, reset_passwords=True, passwords=[password])


def test_events_that_nobody_reads_are_named(doctor: Doctor, redis: Redis) -> None:
    redis.xadd(EVENTS, {"event": encode(confidence("waits", 0.1))})
    assert "no worker has ever read it" in doctor.examine().broken()["redis"]["found"]


def test_events_that_wait_name_whoever_holds_them_up(
    environment: dict[str, str], redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    ensure_group(EventStream(redis))
    redis.xadd(EVENTS, {"event": "old"}, id="1-1")

    def remedy() -> str:
        [waits] = [one for one in check(Settings()) if one.level == "broken"]  # type: ignore[call-arg]
        return waits.remedy

    assert "start it" in remedy()
    redis.set(SIGN_OF_LIFE, 1, ex=60)
    assert "Start beat" in remedy()
    redis.hset(LAST_RUNS, BEAT, str(time.time()))
    assert "see postgresql above" in remedy()


@pytest.mark.long
def test_a_policy_that_drops_events_is_named(doctor: Doctor, redis: Redis) -> None:
    redis.config_set("maxmemory-policy", "allkeys-lru")
    try:
        assert "allkeys-lru" in doctor.examine().broken()["redis"]["found"]
    finally:
        redis.config_set("maxmemory-policy", "noeviction")


def test_each_of_several_streams_is_named(doctor: Doctor, redis: Redis) -> None:
    for stream in (EVENTS, stream_name(0), stream_name(5)):
        ensure_group(EventStream(redis, stream))
    redis.xadd(stream_name(1), {"event": encode(confidence("waits", 0.1))})
    found = doctor.examine(EVENT_STREAMS="2")
    said = {
        one["tried"].removeprefix("look at the stream "): one for one in found.findings if "stream " in one["tried"]
    }
    assert [said[stream]["level"] for stream in (EVENTS, stream_name(0))] == ["ok", "ok"]
    assert "no worker has ever read it" in said[stream_name(1)]["found"]
    assert said[stream_name(5)]["level"] == "note"
    assert "an earlier EVENT_STREAMS" in said[stream_name(5)]["found"]


@pytest.mark.parametrize(
    "milliseconds", [1_796_029_601_899_000, round((time.time() + 86_400) * 1000)], ids=["microseconds", "a day ahead"]
)
def test_ids_that_are_no_times_are_named_though_their_entries_are_gone(
    doctor: Doctor, redis: Redis, milliseconds: int
) -> None:
    ensure_group(EventStream(redis))
    redis.xdel(EVENTS, redis.xadd(EVENTS, {"event": "{}"}, id=f"{milliseconds}-0"))
    [warning] = doctor.examine().of("redis", "warning")
    assert warning["found"].startswith("its entries' ids are no times, or far ahead of Redis' clock")
    assert "DEL escalation:events" in warning["remedy"]


def test_workers_with_another_number_of_streams_are_named(doctor: Doctor, redis: Redis) -> None:
    redis.set(KEY_STREAMS, 2)
    redis.set(SIGN_OF_LIFE, 1, ex=60)
    [warning] = [one for one in doctor.examine(EVENT_STREAMS="4").of("redis", "warning") if "EVENT" in one["found"]]
    assert warning["found"] == "2 event streams, and EVENT_STREAMS is 4"
    assert not [one for one in doctor.examine(EVENT_STREAMS="2").of("redis", "warning") if "EVENT" in one["found"]]
