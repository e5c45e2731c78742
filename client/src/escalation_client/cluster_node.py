"""A node of a cluster: redis-py's client, which tells of its errors and follows a slot that is on the move.

redis-py's own RedisCluster would do the latter. But its pipelines refuse WAIT, without which nobody knows whether a
replica has an event, it connects when it is made, and in a cluster of several it knows no node without a host ("?").
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, Protocol

import redis.asyncio
import redis.asyncio.client
from redis import ConnectionPool, Redis
from redis.client import Pipeline
from redis.exceptions import RedisError

# Commands as redis-py keeps them: their words, and how to read the answer.
Commands = Sequence[tuple[tuple[Any, ...], Mapping[str, Any]]]
_BEFORE_EACH: Final = "ASKING"


class _Queues(Protocol):
    def execute_command(self, *words: Any, **options: Any) -> Any: ...


class Node(Redis):
    """For threads and processes. What it pipelines without a transaction has to be of one slot."""

    def __init__(self, url: str, options: dict[str, Any], recover: Callable[[RedisError, Commands], list[Any]]) -> None:
        """`recover` answers some commands in another way after an error, or raises it."""
        super().__init__(connection_pool=ConnectionPool.from_url(url, **options))
        self.auto_close_connection_pool = True
        self.recover = recover

    def execute_command(self, *words: Any, **options: Any) -> Any:
        try:
            return super().execute_command(*words, **options)  # type: ignore[no-untyped-call]
        except RedisError as error:
            return self.recover(error, [(words, options)])[0]

    def pipeline(self, transaction: bool = True, shard_hint: Any = None) -> Pipeline:
        if transaction:
            return super().pipeline(transaction, shard_hint)
        pipeline = _NodePipeline(self.connection_pool, self.response_callbacks, transaction, shard_hint)
        pipeline.recover = self.recover
        return pipeline

    def ask(self, commands: Commands) -> list[Any]:
        """The answers to commands for a slot that is on the move to this node, in one round trip."""
        with super().pipeline(transaction=False) as pipeline:
            _queue_asking(pipeline, commands)
            return _answers(pipeline.execute(raise_on_error=False))


class _NodePipeline(Pipeline):
    recover: Callable[[RedisError, Commands], list[Any]]

    def execute(self, raise_on_error: bool = True) -> list[Any]:
        commands = list(self.command_stack)
        try:
            return super().execute(raise_on_error)
        except RedisError as error:
            return self.recover(error, commands)


class AsyncNode(redis.asyncio.Redis):
    """As `Node`, for an event loop."""

    def __init__(
        self, url: str, options: dict[str, Any], recover: Callable[[RedisError, Commands], Awaitable[list[Any]]]
    ) -> None:
        super().__init__(connection_pool=redis.asyncio.ConnectionPool.from_url(url, **options))
        self.auto_close_connection_pool = True
        self.recover = recover

    async def execute_command(self, *words: Any, **options: Any) -> Any:
        try:
            return await super().execute_command(*words, **options)  # type: ignore[no-untyped-call]
        except RedisError as error:
            return (await self.recover(error, [(words, options)]))[0]

    def pipeline(self, transaction: bool = True, shard_hint: str | None = None) -> redis.asyncio.client.Pipeline:
        if transaction:
            return super().pipeline(transaction, shard_hint)
        pipeline = _AsyncNodePipeline(self.connection_pool, self.response_callbacks, transaction, shard_hint)
        pipeline.recover = self.recover
        return pipeline

    async def ask(self, commands: Commands) -> list[Any]:
        """As `Node.ask`."""
        async with super().pipeline(transaction=False) as pipeline:
            _queue_asking(pipeline, commands)
            return _answers(await pipeline.execute(raise_on_error=False))


class _AsyncNodePipeline(redis.asyncio.client.Pipeline):
    recover: Callable[[RedisError, Commands], Awaitable[list[Any]]]

    async def execute(self, raise_on_error: bool = True) -> list[Any]:
        commands = list(self.command_stack)
        try:
            return await super().execute(raise_on_error)
        except RedisError as error:
            return await self.recover(error, commands)


def _queue_asking(pipeline: _Queues, commands: Commands) -> None:
    """Each command after an ASKING, which is good for one."""
    for words, options in commands:
        pipeline.execute_command(_BEFORE_EACH)
        pipeline.execute_command(*words, **options)


def _answers(answers: Sequence[Any]) -> list[Any]:
    """Without those to ASKING. Raises the first error in the server's own words, to which a pipeline adds others.

    One of ASKING itself, which a user's rights may lack, comes before the MOVED that follows from it.
    """
    for answer in answers:
        if isinstance(answer, RedisError):
            raise answer
    return list(answers[1::2])
