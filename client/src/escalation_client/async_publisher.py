"""Publishing from an event loop."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import ParamSpec, Self

from redis.exceptions import RedisError

from escalation_client.connection import ANSWER_SECONDS, CONNECT_SECONDS, connect_async
from escalation_client.errors import PublishError
from escalation_client.events import Event, InvalidEvent
from escalation_client.publisher import backlog, log_untold
from escalation_client.spool import LIMIT_BYTES
from escalation_client.stream import encoded_batches, entry_ids, fill

Members = ParamSpec("Members")


class AsyncPublisher:
    """`Publisher` for one event loop, which neither Redis nor the disk ever holds up. The parameters are the same."""

    def __init__(
        self,
        url: str,
        *,
        spool: str | Path | None = None,
        spool_limit: int = LIMIT_BYTES,
        connect_timeout: float = CONNECT_SECONDS,
        timeout: float = ANSWER_SECONDS,
    ) -> None:
        self.redis = connect_async(url, connect_timeout, timeout)
        self.backlog = backlog(url, spool, spool_limit, connect_timeout, timeout)

    async def publish(self, event: Event) -> str | None:
        """As `Publisher.publish`."""
        return (await self.publish_many([event]))[0]

    async def publish_many(self, events: Iterable[Event]) -> list[str | None]:
        """As `Publisher.publish_many`."""
        return [entry_id for batch in encoded_batches(events) for entry_id in await self.send(batch)]

    async def tell(self, kind: Callable[Members, Event], *args: Members.args, **members: Members.kwargs) -> str | None:
        """As `Publisher.tell`."""
        try:
            return await self.publish(kind(*args, **members))
        except (InvalidEvent, PublishError) as error:
            log_untold(kind, error)
            return None

    async def send(self, encoded: Sequence[str]) -> list[str | None]:
        if self.backlog.waiting():
            return await asyncio.to_thread(self.backlog.keep, encoded)
        try:
            async with self.redis.pipeline(transaction=False) as pipeline:
                fill(pipeline, encoded)
                return entry_ids(await pipeline.execute())
        except RedisError as error:
            return await asyncio.to_thread(self.backlog.keep, encoded, error)

    async def flush(self, timeout: float) -> bool:
        """As `Publisher.flush`."""
        return await asyncio.to_thread(self.backlog.wait_until_empty, timeout)

    async def aclose(self) -> None:
        """As `Publisher.close`."""
        await asyncio.to_thread(self.backlog.stop)
        await self.redis.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()
