"""What lies in Celery's lists in Redis and is no message is set aside before kombu meets it and ends the worker.

kombu takes whatever it pops for a message that another kombu wrote. So what it reads is looked at first, and where that
is something else it is told that the list had nothing to give.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import structlog
from kombu.transport import TRANSPORT_ALIASES, virtual
from kombu.transport import redis as kombu_redis
from kombu.transport.virtual.base import Base64
from kombu.utils.encoding import bytes_to_str
from kombu.utils.json import loads
from pydantic import BaseModel, ConfigDict
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import OutOfMemoryError, RedisError
from redis.retry import Retry

from services.events.stream import redis_client
from worker.celery_guards.connections import (
    PrimaryConnection,
    PrimaryTlsConnection,
    SentinelConnection,
    SentinelTlsConnection,
)

logger = structlog.get_logger()

QUEUES = ("events", "urgent", "mail", "sweeps", "listen")
_SET_ASIDE = "escalation:messages_set_aside"
_CODECS: dict[str | None, Callable[[str], object]] = {"base64": Base64().decode, None: str}
# What Python raises on bytes that are not kombu's own JSON, which knows dates, numbers and ids as well.
_UNREADABLE = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError)


class _Strict(BaseModel):
    """Exactly these types; members of other names are left alone."""

    model_config = ConfigDict(strict=True)


class _Headers(_Strict):
    """What Celery reads before it knows whose the message is."""

    task: str | None = None


class _Destination(_Strict):
    """Where a message goes back to."""

    exchange: str
    routing_key: str


class _Properties(_Strict):
    """What kombu keeps the message by until it is acknowledged."""

    delivery_tag: str
    delivery_info: _Destination
    body_encoding: str | None = None


class _BrokerMessage(_Strict):
    """The form in which kombu's virtual transports write a message."""

    body: str
    headers: _Headers | None = None
    properties: _Properties


def _is_message(item: bytes) -> bool:
    """Whether kombu can take it; who it is for and what it asks is looked at by `worker.celery_guards.requests`."""
    try:
        message = _BrokerMessage.model_validate(loads(bytes_to_str(item)))
        message.properties.delivery_tag.encode()
        _CODECS[message.properties.body_encoding](message.body)
    except _UNREADABLE:
        return False
    return True


def _set_aside(queue: str, item: bytes) -> None:
    """Say where it came and how large it is, not what it holds, and count it for the exporter."""
    logger.error("message_set_aside", queue=queue, size=len(item))
    try:
        redis_client().hincrby(_SET_ASIDE, queue)
    except RedisError as error:
        logger.warning("message_not_counted", queue=queue, error=type(error).__name__)


class _Client(kombu_redis.PrefixedStrictRedis):
    """Pops messages, and nothing else."""

    def parse_response(self, connection: Any, command_name: str, **options: Any) -> Any:
        answer = super().parse_response(connection, command_name, **options)
        if command_name != "BRPOP" or not answer or _is_message(answer[1]):
            return answer
        # A queue has a list for each priority.
        _set_aside(bytes_to_str(answer[0]).partition(kombu_redis.Channel.sep)[0], answer[1])
        return None


class _QoS(kombu_redis.QoS):
    """Counts a message as done also when Redis cannot be told.

    kombu only logs that, and would keep the message's place for ever: a worker with as many such messages as children
    takes no other until its connection is lost. Redis gives the message out again later, as one of a killed worker.
    """

    def restore_unacked(self, client: Any = None) -> None:
        # The channel's connection can be closed before; asking for its address then would end the worker.
        if self.channel.connection.client is not None:
            super().restore_unacked(client)

    def ack(self, delivery_tag: str) -> None:
        try:
            super().ack(delivery_tag)
        finally:
            virtual.QoS.ack(self, delivery_tag)

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:
        try:
            super().reject(delivery_tag, requeue)
        finally:
            virtual.QoS.ack(self, delivery_tag)


def _client_of(channel: kombu_redis.Channel) -> Any:
    return partial(_Client, global_keyprefix=channel.global_keyprefix)


class _Channel(kombu_redis.Channel):
    """With client and QoS above, and with connections that leave a replica."""

    QoS = _QoS
    _get_client = _client_of
    connection_class = PrimaryConnection
    connection_class_ssl = PrimaryTlsConnection


class _SentinelChannel(kombu_redis.SentinelChannel):
    """The same at the primary that Sentinels name."""

    QoS = _QoS
    _get_client = _client_of
    connection_class = SentinelConnection
    connection_class_ssl = SentinelTlsConnection

    def _sentinel_managed_pool(self, asynchronous: bool = False) -> Any:
        # The next Sentinel is asked instead of the same one again; no option, since options are told to Flower.
        self.sentinel_kwargs: dict[str, Any] = {**self.sentinel_kwargs, "retry": Retry(NoBackoff(), 0)}
        return super()._sentinel_managed_pool(asynchronous)  # type: ignore[misc]


# A full Redis is waited for as one that is away: it will have room again.
_CONNECTION_ERRORS = (*kombu_redis.Transport.connection_errors, OutOfMemoryError)


class _GuardedTransport(kombu_redis.Transport):
    """With the channel above."""

    Channel = _Channel
    connection_errors = _CONNECTION_ERRORS


class _GuardedSentinelTransport(kombu_redis.SentinelTransport):
    """With the channel above."""

    Channel = _SentinelChannel
    connection_errors = _CONNECTION_ERRORS


def guard_the_lists() -> None:
    """Let kombu find this transport where a URL names Redis; it looks classes up by the URL's scheme."""
    TRANSPORT_ALIASES.update(dict.fromkeys(("redis", "rediss"), f"{__name__}:{_GuardedTransport.__name__}"))
    TRANSPORT_ALIASES["sentinel"] = f"{__name__}:{_GuardedSentinelTransport.__name__}"


def messages_set_aside(redis: Redis) -> dict[str, int]:
    """How many there were, by queue; those of ours are named also where there was none."""
    found: Any = redis.hgetall(_SET_ASIDE)
    return dict.fromkeys(QUEUES, 0) | {queue.decode(): int(count) for queue, count in found.items()}
