"""Connections to Redis that cannot hang for ever."""

from collections.abc import Callable
from typing import Any, TypeVar

import redis
import redis.asyncio
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.retry import Retry

Client = TypeVar("Client")

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 10.0
HEALTH_CHECK_SECONDS = 10
# Longer waits are asked for piece by piece, so that a connection that died meanwhile is noticed.
LONGEST_BLOCK_SECONDS = 2.0


def connect(url: str, connect_timeout: float, timeout: float) -> redis.Redis:
    """A client for threads and processes; nothing connects before the first command."""
    return from_url(redis.Redis.from_url, url, connect_timeout, timeout, Retry)


def connect_async(url: str, connect_timeout: float, timeout: float) -> redis.asyncio.Redis:
    """A client for one event loop."""
    return from_url(redis.asyncio.Redis.from_url, url, connect_timeout, timeout, AsyncRetry)


def from_url(
    build: Callable[..., Client], url: str, connect_timeout: float, timeout: float, retry: Callable[..., Any]
) -> Client:
    return build(
        url,
        protocol=2,
        socket_connect_timeout=connect_timeout,
        socket_timeout=timeout,
        socket_keepalive=True,
        health_check_interval=HEALTH_CHECK_SECONDS,
        **host_is_checked(url),
        # Once more on a new connection, since Redis may have restarted; a time-out is not waited for twice.
        retry=retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,)),
    )


def host_is_checked(url: str) -> dict[str, bool]:
    """redis-py before version 6 takes any host's certificate unless told; what the URL itself says comes first."""
    return {"ssl_check_hostname": True} if url.startswith("rediss://") and "ssl_cert_reqs=none" not in url else {}
