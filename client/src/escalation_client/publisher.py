"""Publishing from threads and processes."""

import logging
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import ParamSpec, Self

from redis.exceptions import RedisError

from escalation_client.backlog import Backlog
from escalation_client.connection import ANSWER_SECONDS, CONNECT_SECONDS, connect
from escalation_client.errors import PublishError
from escalation_client.events import Event, InvalidEvent
from escalation_client.spool import LIMIT_BYTES, Spool
from escalation_client.stream import add_all, encoded_batches

logger = logging.getLogger(__name__)
Members = ParamSpec("Members")


class Publisher:
    """Brings events to the worker: into Redis or, while Redis is away, onto the disk.

    :param url: `redis://`, `rediss://` or `unix://`, with the password in it
    :param spool: a folder for events that Redis does not take; processes may share it. Without one they are an error.
    :param spool_limit: the spool's size in bytes
    :param connect_timeout: seconds to wait for a connection
    :param timeout: seconds to wait for an answer
    """

    def __init__(
        self,
        url: str,
        *,
        spool: str | Path | None = None,
        spool_limit: int = LIMIT_BYTES,
        connect_timeout: float = CONNECT_SECONDS,
        timeout: float = ANSWER_SECONDS,
    ) -> None:
        self.redis = connect(url, connect_timeout, timeout)
        self.backlog = backlog(url, spool, spool_limit, connect_timeout, timeout)

    def publish(self, event: Event) -> str | None:
        """Publish an event; return the id of its stream entry, or None while it waits on disk.

        Safe to repeat: the worker counts an event id once. Raises `PublishError`.
        """
        return self.publish_many([event])[0]

    def publish_many(self, events: Iterable[Event]) -> list[str | None]:
        """Publish events in order, hundreds in one round trip. Raises `PublishError`; then repeat all of them."""
        return [entry_id for batch in encoded_batches(events) for entry_id in self.send(batch)]

    def tell(self, kind: Callable[Members, Event], *args: Members.args, **members: Members.kwargs) -> str | None:
        """Build an event and publish it, from the midst of a chat: whatever goes wrong is logged and never raised."""
        try:
            return self.publish(kind(*args, **members))
        except (InvalidEvent, PublishError) as error:
            log_untold(kind, error)
            return None

    def send(self, encoded: Sequence[str]) -> list[str | None]:
        if self.backlog.waiting():
            return self.backlog.keep(encoded)
        try:
            return add_all(self.redis, encoded)
        except RedisError as error:
            return self.backlog.keep(encoded, error)

    def flush(self, timeout: float) -> bool:
        """Whether nothing waits on disk any more, after at most so many seconds."""
        return self.backlog.wait_until_empty(timeout)

    def close(self) -> None:
        """Close the connections; what waits on disk stays there for the next process."""
        self.backlog.stop()
        self.redis.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def backlog(url: str, folder: str | Path | None, limit: int, connect_timeout: float, timeout: float) -> Backlog:
    """The spool's backlog; what an earlier process left there is sent from now on."""
    spool = None if folder is None else Spool(folder, limit)
    made = Backlog(spool, partial(connect, url, connect_timeout, timeout))
    made.waiting()
    return made


def log_untold(kind: object, error: InvalidEvent | PublishError) -> None:
    # The value that was refused may be somebody's words, so only its member is named.
    reason = f"{error.member}: expected {error.expected}" if isinstance(error, InvalidEvent) else error
    logger.error("an event was not published (%s): %s", getattr(kind, "__name__", kind), reason)
