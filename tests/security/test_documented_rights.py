"""The rights that docs/security.md gives the assistant's user are enough for all that its library does."""

import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import NoPermissionError

from escalation_client.events import MessageAdded
from escalation_client.publisher import Publisher
from escalation_client.reader import OutcomeReader
from services.history.requests import answer, take
from tests.oldest_redis import OldestRedis, needs_oldest_redis
from worker.embedded import EmbeddedValkey

PAGE = Path(__file__).parents[2] / "docs" / "security.md"
LINE = re.compile(r"ACL SETUSER assistant on >… (.+)$", re.MULTILINE)

HISTORY = {"session_id": "s1", "known": False, "why": "", "status": None, "events": [], "tickets": []}


@pytest.fixture(params=["valkey", pytest.param("oldest", marks=needs_oldest_redis)])
def redis_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The newest and the oldest: what a right covers differs."""
    kind = {"valkey": EmbeddedValkey, "oldest": OldestRedis}[request.param]
    with kind(tmp_path / "redis") as server:
        yield server.url


@pytest.fixture
def assistant_url(redis_url: str) -> Iterator[str]:
    """The URL of the documented user, in a database of its own number."""
    (rights,) = LINE.findall(PAGE.read_text(encoding="utf-8"))
    with Redis.from_url(redis_url) as owner:
        owner.execute_command("ACL", "SETUSER", "assistant", "reset", "on", ">secret", *rights.split())
        yield re.sub(r"//[^@]*@(.*)/\d+$", r"//assistant:secret@\1/2", redis_url)
        owner.acl_deluser("assistant")


def test_the_assistant_publishes_reads_outcomes_and_asks_for_histories(assistant_url: str, redis_url: str) -> None:
    with Publisher(assistant_url) as publisher:
        assert publisher.publish(MessageAdded(session_id="s1", message_id="m1", sender="user", content="hello"))
    worker = Redis.from_url(re.sub(r"/\d+$", "/2", redis_url))
    reader = OutcomeReader(assistant_url)
    assert reader.position()

    def reply() -> None:
        for question in take(worker, 1):
            answer(worker, question, HISTORY)

    timer = threading.Timer(0.5, reply)
    timer.start()
    assert reader.history("s1", timeout=10).session_id == "s1"
    timer.join()
    with Redis.from_url(assistant_url) as nosy, pytest.raises(NoPermissionError):
        nosy.keys("*")
    reader.close()
    worker.close()
