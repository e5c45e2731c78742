"""What the assistant installs, through `rediss://`: it publishes, it reads, and it trusts nobody unknown."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from escalation_client import AsyncOutcomeReader, AsyncPublisher, OutcomeReader, Publisher
from escalation_client.connection import connect, connect_async
from escalation_client.errors import PublishError, ReadError
from escalation_client.events import FIELD_OUTCOME, STREAM_EVENTS, STREAM_OUTCOMES
from tests.client.test_outcomes import outcome
from tests.events import confidence

SECONDS = 10


@pytest.fixture
def trusted(rediss_url: str, authority: Path) -> str:
    return f"{rediss_url}?ssl_ca_certs={authority}"


@pytest.fixture(params=["nobody", "a stranger", "another name"])
def untrusted(request: pytest.FixtureRequest, rediss_url: str, authority: Path, stranger: Path) -> str:
    """Who vouches for the certificate; in the last case the right authority does, but for another host."""
    return {
        "nobody": rediss_url,
        "a stranger": f"{rediss_url}?ssl_ca_certs={stranger}",
        "another name": f"{rediss_url.replace('127.0.0.1', '127.0.0.2')}?ssl_ca_certs={authority}",
    }[str(request.param)]


def test_both_publishers_publish(trusted: str, redis_url: str) -> None:
    async def publish() -> None:
        async with AsyncPublisher(trusted) as publisher:
            assert await publisher.publish(confidence("from a loop", 0.1))

    with Publisher(trusted) as publisher:
        assert publisher.publish(confidence("from a thread", 0.1))
    asyncio.run(publish())
    with Redis.from_url(redis_url) as plain:
        entries = plain.xrange(STREAM_EVENTS)
    assert [json.loads(fields[b"event"])["session_id"] for _, fields in entries] == ["from a thread", "from a loop"]


def test_both_readers_wait_for_an_outcome(trusted: str, redis_url: str) -> None:
    async def read(after: str) -> str | None:
        async with AsyncOutcomeReader(trusted) as reader:
            found = await reader.wait_for_outcome("s1", SECONDS, after=after)
            return found.ticket_number if found else None

    with Redis.from_url(redis_url) as plain, OutcomeReader(trusted) as reader:
        before = reader.position()
        plain.xadd(STREAM_OUTCOMES, {FIELD_OUTCOME: json.dumps(outcome(ticket_number="AB-20260301-0001"))})
        found = reader.wait_for_outcome("s1", SECONDS, after=before)
        assert found
        assert {found.ticket_number, asyncio.run(read(before))} == {"AB-20260301-0001"}


def test_nothing_is_told_to_a_server_for_whom_nobody_vouches(untrusted: str, redis_url: str) -> None:
    async def publish() -> None:
        async with AsyncPublisher(untrusted) as publisher:
            await publisher.publish(confidence("s", 0.1))

    with Publisher(untrusted) as publisher, pytest.raises(PublishError, match="certificate verify failed"):
        publisher.publish(confidence("s", 0.1))
    with pytest.raises(PublishError, match="certificate verify failed"):
        asyncio.run(publish())
    with Redis.from_url(redis_url) as plain:
        assert plain.keys() == []


def test_nothing_is_asked_of_a_server_for_whom_nobody_vouches(untrusted: str) -> None:
    async def read() -> None:
        async with AsyncOutcomeReader(untrusted) as reader:
            await reader.read()

    with OutcomeReader(untrusted) as reader, pytest.raises(ReadError, match="certificate verify failed"):
        reader.read()
    with pytest.raises(ReadError, match="certificate verify failed"):
        asyncio.run(read())


@pytest.mark.parametrize("made", [connect, connect_async])
def test_the_host_is_checked_whatever_the_library_does_by_itself(made: Callable[..., Any]) -> None:
    """An assistant may have redis-py 5, which checks it only when told."""
    for url, checked in (("rediss://h", True), ("rediss://h?ssl_check_hostname=false", False), ("redis://h", None)):
        assert made(url, 1.0, 1.0).connection_pool.connection_kwargs.get("ssl_check_hostname") is checked
