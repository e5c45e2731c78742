"""Publishing from event loops."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import ParamSpec, Self

from redis.exceptions import RedisError, ResponseError

from escalation_client.async_reader import AsyncOutcomeReader
from escalation_client.async_writer import AsyncEventWriter
from escalation_client.cluster import AsyncCluster
from escalation_client.connection import LoopConnections, connect_async, patience
from escalation_client.errors import ReadError
from escalation_client.events import Event, encode
from escalation_client.outcomes import Outcome
from escalation_client.publisher import Told, last_of, log_unread, log_untold, make_backlog, make_writer, told_events
from escalation_client.receipt import TICKET_OUTCOMES, Receipt, receipt_of
from escalation_client.spool import LIMIT_BYTES
from escalation_client.stream import Taken, encoded_batches

Members = ParamSpec("Members")


class AsyncPublisher:
    """`Publisher` for event loops, which neither Redis nor the disk ever holds up. The parameters are the same.

    It may be made where no loop runs, such as in a module, and serve one loop after the other.
    """

    def __init__(
        self,
        url: str,
        *,
        events_cluster: str | None = None,
        spool: str | Path | None = None,
        spool_limit: int = LIMIT_BYTES,
        replicas: int = 0,
        connect_timeout: float | None = None,
        timeout: float | None = None,
    ) -> None:
        self.replicas = replicas
        for_answers = patience(connect_timeout, timeout, spool is not None)
        # What is sent from the disk has time.
        for_disk = patience(connect_timeout, timeout, False)
        cluster = AsyncCluster(events_cluster, *for_answers) if events_cluster else None
        self.writer = AsyncEventWriter(LoopConnections(partial(connect_async, url, *for_answers)), cluster)
        self.outcomes = AsyncOutcomeReader(url, connect_timeout=for_answers[0], timeout=for_answers[1])
        self.backlog = make_backlog(spool, spool_limit, replicas, partial(make_writer, url, events_cluster, *for_disk))

    async def publish(self, event: Event) -> str | None:
        """As `Publisher.publish`."""
        return (await self.publish_many([event]))[0]

    async def publish_many(self, events: Iterable[Event]) -> list[str | None]:
        """As `Publisher.publish_many`."""
        return [entry_id for batch in encoded_batches(events) for entry_id in await self.send(batch)]

    async def publish_and_wait(
        self, event: Event, timeout: float, *, language: str | None = None, types: Collection[str] = TICKET_OUTCOMES
    ) -> Receipt:
        """As `Publisher.publish_and_wait`."""
        taken = await self._take(encode(event))
        return receipt_of(event, taken, await self._outcome_of(event, taken, timeout, types), language)

    async def tell(self, kind: Callable[Members, Told], *args: Members.args, **members: Members.kwargs) -> str | None:
        """As `Publisher.tell`."""
        try:
            return last_of(await self.publish_many(told_events(kind(*args, **members))))
        except Exception as error:
            log_untold(kind, error)
            return None

    async def _take(self, text: str) -> Taken:
        if self.backlog.waiting():
            return Taken((await self._keep([text]))[0], None)
        try:
            return await self.writer.take(text, self.replicas)
        except ResponseError:
            # Perhaps only the question was refused; the event's id makes sending it again harmless.
            return Taken((await self.send([text]))[0], None)
        except (RedisError, OSError) as error:
            return Taken((await self._keep([text], error))[0], None)

    async def _outcome_of(self, event: Event, taken: Taken, timeout: float, types: Collection[str]) -> Outcome | None:
        if taken.position is None:
            return None
        try:
            return await self.outcomes.wait_for_outcome(event.session_id, timeout, after=taken.position, types=types)
        except ReadError as error:
            log_unread(error)
            return None

    async def send(self, encoded: Sequence[str]) -> list[str | None]:
        if self.backlog.waiting():
            return await self._keep(encoded)
        try:
            return await self.writer.add_all(encoded, self.replicas)
        except (RedisError, OSError) as error:
            return await self._keep(encoded, error)

    async def _keep(self, encoded: Sequence[str], error: Exception | None = None) -> list[str | None]:
        return await asyncio.to_thread(self.backlog.keep, encoded, error)

    async def flush(self, timeout: float) -> bool:
        """As `Publisher.flush`."""
        return await asyncio.to_thread(self.backlog.wait_until_empty, timeout)

    async def aclose(self) -> None:
        """Close this loop's connections and end the sending from disk; what waits there stays for the next process."""
        await asyncio.to_thread(self.backlog.stop)
        await self.outcomes.aclose()
        await self.writer.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()
