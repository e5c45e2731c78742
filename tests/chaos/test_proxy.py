"""A half-open connection of the storm is one: nothing passes, nobody is told, and new connections work."""

from collections.abc import Iterator
from urllib.parse import quote

import pytest
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError, TimeoutError
from redis.retry import Retry

from bench.chaos.proxy import Proxy, to_port
from worker.embedded import EmbeddedValkey


@pytest.fixture
def proxy(valkey: EmbeddedValkey) -> Iterator[Proxy]:
    with Proxy(to_port(valkey.port)) as proxy:
        yield proxy


def client(valkey: EmbeddedValkey, proxy: Proxy) -> Redis:
    """One connection without second tries."""
    url = f"redis://:{quote(valkey.password)}@127.0.0.1:{proxy.port}/0"
    return Redis.from_url(url, socket_timeout=0.3, retry=Retry(NoBackoff(), 0), single_connection_client=True)


def test_a_frozen_connection_is_silent_and_a_new_one_works(valkey: EmbeddedValkey, proxy: Proxy) -> None:
    with client(valkey, proxy) as old:
        assert old.ping()
        assert proxy.freeze() == 1
        with pytest.raises(TimeoutError):
            old.ping()
    with client(valkey, proxy) as new:
        assert new.ping()


def test_thawing_ends_what_was_frozen(valkey: EmbeddedValkey, proxy: Proxy) -> None:
    with client(valkey, proxy) as old:
        assert old.ping()
        proxy.freeze()
        proxy.thaw()
        with pytest.raises(ConnectionError):
            old.ping()
        assert old.ping()
        assert proxy.freeze() == 1, "only the new connection is there"


def test_a_server_that_is_away_ends_the_connection_at_once() -> None:
    with Proxy(to_port(1)) as proxy, Redis(port=proxy.port, retry=Retry(NoBackoff(), 0)) as redis:
        with pytest.raises(ConnectionError):
            redis.ping()
        assert proxy.links == set()
