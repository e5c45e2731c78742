"""Connections to Redis that cannot hang for ever, and that find the new primary after a failover."""

import asyncio
from collections.abc import Callable
from typing import Any, Final, Generic, TypeVar
from weakref import WeakKeyDictionary

import redis
import redis.asyncio
import redis.asyncio.sentinel
import redis.sentinel
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ReadOnlyError
from redis.retry import Retry

from escalation_client.sentinel import SENTINEL_SECONDS, Sentinels, names_sentinels

Client = TypeVar("Client")
LoopClient = TypeVar("LoopClient", bound=redis.asyncio.Redis)

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 10.0
# Where a spool takes what Redis does not, nobody who chats waits longer for either.
_WITH_SPOOL_SECONDS = 2.0
HEALTH_CHECK_SECONDS = 10
# Longer waits are asked for piece by piece, so that a connection that died meanwhile is noticed.
LONGEST_BLOCK_SECONDS = 2.0
# Tried once more on a new connection: Redis may have restarted (it says LOADING then, which is a ConnectionError), or
# the address may lead to a new primary while the old connection still leads to what is a replica now (READONLY).
# A time-out is not waited for twice.
_ONCE_MORE: Final = (RedisConnectionError, ReadOnlyError)


def patience(connect_timeout: float | None, timeout: float | None, spooled: bool) -> tuple[float, float]:
    """Seconds to wait for a connection and for an answer: those given, else the usual, and fewer with a spool."""
    usual = (_WITH_SPOOL_SECONDS, _WITH_SPOOL_SECONDS) if spooled else (CONNECT_SECONDS, ANSWER_SECONDS)
    return (
        usual[0] if connect_timeout is None else connect_timeout,
        usual[1] if timeout is None else timeout,
    )


def connect(url: str, connect_timeout: float, timeout: float) -> redis.Redis:
    """A client for threads and processes; nothing connects before the first command."""
    options = connection_options(url, connect_timeout, timeout, Retry)
    if names_sentinels(url):
        return _primary_of(redis.sentinel.Sentinel, redis.Redis, Sentinels.named_by(url), options)
    return redis.Redis.from_url(url, **options)


def connect_async(url: str, connect_timeout: float, timeout: float) -> redis.asyncio.Redis:
    """A client for one event loop."""
    options = connection_options(url, connect_timeout, timeout, AsyncRetry)
    if names_sentinels(url):
        return _primary_of(redis.asyncio.sentinel.Sentinel, redis.asyncio.Redis, Sentinels.named_by(url), options)
    return redis.asyncio.Redis.from_url(url, **options)


def _primary_of(
    manager: Callable[..., Any], kind: type[Client], sentinels: Sentinels, options: dict[str, Any]
) -> Client:
    """A client that asks the Sentinels for the primary whenever it connects."""
    seconds = min(options["socket_connect_timeout"], SENTINEL_SECONDS)
    asking = {**sentinels.sentinel_options(), "socket_connect_timeout": seconds, "socket_timeout": seconds}
    # The next one is asked instead of the same one again.
    asking |= {"retry": type(options["retry"])(NoBackoff(), 0), "protocol": 2, "socket_keepalive": True}
    known = manager(sentinels.hosts, sentinel_kwargs=asking)
    login = sentinels.primary_options()
    primary: Client = known.master_for(sentinels.service, redis_class=kind, **login, **options)
    return primary


class LoopConnections(Generic[LoopClient]):
    """One client for each event loop that asks, since connections serve the loop alone that opened them."""

    def __init__(self, connect: Callable[[], LoopClient]) -> None:
        self._connect = connect
        # A wrong address is found here, and not in the midst of a chat.
        self._connect()
        self._clients: WeakKeyDictionary[asyncio.AbstractEventLoop, LoopClient] = WeakKeyDictionary()

    @property
    def redis(self) -> LoopClient:
        """The client of the running loop."""
        loop = asyncio.get_running_loop()
        client = self._clients.get(loop)
        if client is None:
            client = self._clients[loop] = self._connect()
        return client

    async def aclose(self) -> None:
        """Close the connections of the running loop."""
        client = self._clients.pop(asyncio.get_running_loop(), None)
        if client is None:
            return
        await client.aclose()
        manager = getattr(client.connection_pool, "sentinel_manager", None)
        for sentinel in manager.sentinels if manager else ():
            await sentinel.aclose()


def connection_options(url: str, connect_timeout: float, timeout: float, retry: Callable[..., Any]) -> dict[str, Any]:
    """How redis-py connects.

    :param retry: its class of retries, of threads or of event loops
    :raises ValueError: there is no address, most often since a variable of the environment is not set
    """
    if not url:
        raise ValueError("the address of Redis is missing; expected one such as redis://:password@host:6379/0")
    return {
        "protocol": 2,
        "socket_connect_timeout": connect_timeout,
        "socket_timeout": timeout,
        "socket_keepalive": True,
        "health_check_interval": HEALTH_CHECK_SECONDS,
        "retry": retry(NoBackoff(), 1, supported_errors=_ONCE_MORE),
        # redis-py before version 6 asks for them here as well.
        "retry_on_error": list(_ONCE_MORE),
        **_host_is_checked(url),
    }


def _host_is_checked(url: str) -> dict[str, bool]:
    """redis-py before version 6 takes any host's certificate unless told; what the URL itself says comes first."""
    return {"ssl_check_hostname": True} if url.startswith("rediss://") and "ssl_cert_reqs=none" not in url else {}
