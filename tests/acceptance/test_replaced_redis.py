"""The address of Redis leads to a new primary, while the connections that are kept lead to what is a replica now."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis
from sqlalchemy import Connection, text

from bench.chaos.proxy import Proxy, to_port
from escalation_client import ConfidenceReported, Publisher
from tests.client.replicated import HOST, PASSWORD, Member, role_of
from tests.processes import processes, wait_for

pytestmark = pytest.mark.long


@pytest.fixture
def members(tmp_path: Path) -> Iterator[tuple[Member, Member]]:
    with Member(tmp_path / "primary") as primary, Member(tmp_path / "replica", primary) as replica:
        with Redis.from_url(primary.url) as redis:
            wait_for(lambda: redis.wait(1, 100) == 1, "the replica to follow")
        yield primary, replica


def test_worker_and_beat_go_on_at_the_new_primary(
    members: tuple[Member, Member], environment: dict[str, str], connection: Connection, tmp_path: Path
) -> None:
    primary, replica = members

    def tickets() -> set[str]:
        return set(connection.execute(text("SELECT session_id FROM public.support_tickets")).scalars())

    with Proxy(to_port(primary.port)) as address:
        url = f"redis://:{PASSWORD}@{HOST}:{address.port}/0"
        with processes({**environment, "REDIS_URL": url}, tmp_path) as family, Publisher(url) as publisher:
            worker, beat = family.worker(), family.beat()
            publisher.publish(ConfidenceReported(session_id="before", confidence=0.1))
            wait_for(lambda: tickets() == {"before"}, "the first ticket")
            with Redis.from_url(primary.url) as redis:
                redis.execute_command("FAILOVER", "TO", HOST, replica.port)
            wait_for(lambda: role_of(replica) == "master", "the replica to be the primary")
            address.dial = to_port(replica.port)
            publisher.publish(ConfidenceReported(session_id="after", confidence=0.1))
            wait_for(lambda: tickets() == {"before", "after"}, "a ticket after the change", seconds=20)
            with Redis.from_url(replica.url) as redis:
                last = redis.hget("escalation:last_runs", "beat")
                wait_for(lambda: redis.hget("escalation:last_runs", "beat") != last, "beat to ring at the new primary")
            assert (worker.popen.poll(), beat.popen.poll()) == (None, None), worker.output[-2000:]
