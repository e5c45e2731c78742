"""Celery's connections leave a server that has become a replica: the next one leads to whatever is the primary now.

redis-py does so behind Sentinels. Behind an address that leads to another server after a failover the connections that
are kept would stay at the old one, and each message would be refused.
"""

from typing import Any

import redis
from redis.exceptions import ConnectionError, ReadOnlyError, ResponseError
from redis.sentinel import SentinelManagedConnection, SentinelManagedSSLConnection

# What a BRPOP is ended with when its server becomes a replica.
_UNBLOCKED = "UNBLOCKED"


class _LeavingReplicas:
    """Such an answer is a broken connection, which redis-py opens anew before it asks once more."""

    def read_response(self, *arguments: Any, **named: Any) -> Any:
        try:
            return super().read_response(*arguments, **named)  # type: ignore[misc]
        except ResponseError as error:
            if isinstance(error, ReadOnlyError) or str(error).startswith(_UNBLOCKED):
                self.disconnect()  # type: ignore[attr-defined]
                raise ConnectionError("this server is a replica now") from error
            raise


class PrimaryConnection(_LeavingReplicas, redis.Connection):
    """To one address."""


class PrimaryTlsConnection(_LeavingReplicas, redis.SSLConnection):
    """The same with TLS."""


class SentinelConnection(_LeavingReplicas, SentinelManagedConnection):
    """To the primary that Sentinels name."""


class SentinelTlsConnection(_LeavingReplicas, SentinelManagedSSLConnection):
    """The same with TLS."""
