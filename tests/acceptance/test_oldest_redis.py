"""Redis 6.2: events become tickets, what left the stream does not stay pending, and `doctor` finds nothing broken."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from sqlalchemy import Connection, text

from config.settings import Settings
from escalation_client import ConfidenceReported, Publisher
from services.events.stream import EVENTS, GROUP, EventStream, ensure_group, reclaim
from services.monitoring.health import measure_all_streams
from tests.oldest_redis import OldestRedis, needs_oldest_redis
from tests.processes import processes, wait_for
from worker.doctor.finding import Level
from worker.doctor.redis import check

pytestmark = [needs_oldest_redis, pytest.mark.long, pytest.mark.usefixtures("told")]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[OldestRedis]:
    with OldestRedis(tmp_path / "redis") as server:
        yield server


@pytest.fixture
def redis(server: OldestRedis) -> Iterator[Redis]:
    with Redis.from_url(server.url, protocol=2) as client:
        yield client


def test_events_become_tickets(
    server: OldestRedis, environment: dict[str, str], connection: Connection, tmp_path: Path
) -> None:
    count = text("SELECT count(*) FROM public.support_tickets")
    environment = {**environment, "REDIS_URL": server.url}
    with processes(environment, tmp_path) as family, Publisher(server.url) as publisher:
        worker, beat = family.worker(), family.beat()
        for number in range(20):
            publisher.publish(ConfidenceReported(session_id=f"s{number}", confidence=0.1))
        wait_for(lambda: connection.execute(count).scalar_one() == 20, "the tickets")
        found = list(check(Settings.model_validate({name.lower(): value for name, value in environment.items()})))
        assert any("version 6.2" in result.found for result in found)
        assert [result for result in found if result.level is Level.BROKEN] == []
        assert (worker.popen.poll(), beat.popen.poll()) == (None, None)


@pytest.mark.parametrize("all_of_them", [True, False])
def test_what_was_trimmed_while_it_was_pending_raises_no_alert_for_ever(redis: Redis, all_of_them: bool) -> None:
    assert str(redis.info()["redis_version"]).startswith("6.2")
    ensure_group(EventStream(redis))
    ids: list[Any] = [redis.xadd(EVENTS, {"event": str(number)}) for number in range(3)]
    redis.xreadgroup(GROUP, "killed", {EVENTS: ">"})
    redis.xdel(EVENTS, *(ids if all_of_them else ids[:2]))
    taken = [entry.entry_id for entry in reclaim(EventStream(redis), 0, 10)]
    assert taken == ([] if all_of_them else [ids[2].decode()])
    assert redis.xpending(EVENTS, GROUP)["pending"] == len(taken)
    assert measure_all_streams(redis)[1] == len(taken)
