"""Publishing from threads and processes."""

import logging
import traceback
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import ParamSpec, Self

from redis import Redis
from redis.exceptions import RedisError, ResponseError

from escalation_client.backlog import Backlog
from escalation_client.cluster import Cluster
from escalation_client.connection import connect, patience
from escalation_client.errors import PublishError, ReadError
from escalation_client.events import Event, InvalidEvent, encode
from escalation_client.events.types import BaseEvent
from escalation_client.outcomes import Outcome
from escalation_client.reader import OutcomeReader
from escalation_client.receipt import TICKET_OUTCOMES, Receipt, receipt_of
from escalation_client.spool import LIMIT_BYTES, Spool
from escalation_client.stream import Taken, encoded_batches
from escalation_client.writer import EventWriter

logger = logging.getLogger(__name__)
Members = ParamSpec("Members")
# What `tell` builds: an event, several, or none.
Told = Event | Iterable[Event] | None


class Publisher:
    """Brings events to the worker: into Redis or, while Redis is away, onto the disk.

    :param url: `redis://`, `rediss://`, `unix://`, or `redis-sentinel://` (`escalation_client.sentinel`), with the
        password in it
    :param events_cluster: `redis-cluster://` (`escalation_client.cluster_address`), where the worker has its event
        streams on a Redis Cluster; `url` is the Redis of everything else
    :param spool: a folder for events that Redis does not take; processes may share it. Without one they are an error.
    :param spool_limit: the spool's size in bytes
    :param replicas: how many replicas must have an event within a second before it counts as taken
    :param connect_timeout: seconds to wait for a connection; unless given 5, and with a spool 2
    :param timeout: seconds to wait for an answer; unless given 10, and with a spool 2
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
        self.writer = make_writer(url, events_cluster, *for_answers)
        self.outcomes = OutcomeReader(url, connect_timeout=for_answers[0], timeout=for_answers[1])
        self.backlog = make_backlog(spool, spool_limit, replicas, partial(make_writer, url, events_cluster, *for_disk))

    @property
    def redis(self) -> Redis:
        """The client of the Redis at `url`."""
        return self.writer.redis

    def publish(self, event: Event) -> str | None:
        """Publish an event; return the id of its stream entry, or None while it waits on disk.

        Safe to repeat: the worker counts an event id once. Raises `PublishError`.
        """
        return self.publish_many([event])[0]

    def publish_many(self, events: Iterable[Event]) -> list[str | None]:
        """Publish events in order, hundreds in one round trip. Raises `PublishError`; then repeat all of them."""
        return [entry_id for batch in encoded_batches(events) for entry_id in self.send(batch)]

    def publish_and_wait(
        self, event: Event, timeout: float, *, language: str | None = None, types: Collection[str] = TICKET_OUTCOMES
    ) -> Receipt:
        """Publish an event, then wait up to `timeout` seconds for what comes of it.

        The receipt has the outcome or, when none came in time, that the event was taken and is not yet confirmed; in
        both cases it has the words for the user. Once an event is taken nothing is raised, whatever Redis does.
        Raises `PublishError` when neither Redis nor the spool took it.

        :param language: the user's, of the words for an event that is not yet confirmed
        :param types: the outcomes to wait for
        """
        taken = self._take(encode(event))
        return receipt_of(event, taken, self._outcome_of(event, taken, timeout, types), language)

    def tell(self, kind: Callable[Members, Told], *args: Members.args, **members: Members.kwargs) -> str | None:
        """Build an event and publish it, from the midst of a chat: whatever goes wrong is logged and never raised.

        `kind` is an event's type, or any function that makes events, such as those of `escalation_client.abparts`.
        Returns the id of the (last) stream entry, or None.
        """
        try:
            return last_of(self.publish_many(told_events(kind(*args, **members))))
        except Exception as error:
            log_untold(kind, error)
            return None

    def _take(self, text: str) -> Taken:
        """Publish one event together with the question where the outcomes are."""
        if self.backlog.waiting():
            return Taken(self.backlog.keep([text])[0], None)
        try:
            return self.writer.take(text, self.replicas)
        except ResponseError:
            # Perhaps only the question was refused; the event's id makes sending it again harmless.
            return Taken(self.send([text])[0], None)
        except (RedisError, OSError) as error:
            return Taken(self.backlog.keep([text], error)[0], None)

    def _outcome_of(self, event: Event, taken: Taken, timeout: float, types: Collection[str]) -> Outcome | None:
        if taken.position is None:
            return None
        try:
            return self.outcomes.wait_for_outcome(event.session_id, timeout, after=taken.position, types=types)
        except ReadError as error:
            log_unread(error)
            return None

    def send(self, encoded: Sequence[str]) -> list[str | None]:
        if self.backlog.waiting():
            return self.backlog.keep(encoded)
        try:
            return self.writer.add_all(encoded, self.replicas)
        except (RedisError, OSError) as error:
            return self.backlog.keep(encoded, error)

    def flush(self, timeout: float) -> bool:
        """Whether nothing waits on disk any more, after at most so many seconds."""
        return self.backlog.wait_until_empty(timeout)

    def close(self) -> None:
        """Close the connections; what waits on disk stays there for the next process."""
        self.backlog.stop()
        self.outcomes.close()
        self.writer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def make_writer(url: str, events_cluster: str | None, connect_timeout: float, timeout: float) -> EventWriter:
    cluster = Cluster(events_cluster, connect_timeout, timeout) if events_cluster else None
    return EventWriter(connect(url, connect_timeout, timeout), cluster)


def make_backlog(folder: str | Path | None, limit: int, replicas: int, connect: Callable[[], EventWriter]) -> Backlog:
    """The spool's backlog; what an earlier process left there is sent from now on."""
    backlog = Backlog(None if folder is None else Spool(folder, limit), connect, replicas)
    backlog.waiting()
    return backlog


def told_events(told: Told) -> Iterable[Event]:
    """What a function made, as events."""
    if told is None:
        return ()
    return [told] if isinstance(told, BaseEvent) else told


def last_of(entry_ids: Sequence[str | None]) -> str | None:
    return entry_ids[-1] if entry_ids else None


def log_untold(kind: object, error: Exception) -> None:
    # The values may be somebody's words, so an error's text is shown only where it is known to hold none.
    if isinstance(error, InvalidEvent):
        reason = f"{error.member}: expected {error.expected}"
    elif isinstance(error, PublishError):
        reason = str(error)
    else:
        place = traceback.extract_tb(error.__traceback__)[-1]
        reason = f"{type(error).__name__} in {Path(place.filename).name} line {place.lineno}"
    logger.error("an event was not published (%s): %s", getattr(kind, "__name__", type(kind).__name__), reason)


def log_unread(error: ReadError) -> None:
    logger.warning("an event was taken, and what came of it could not be read: %s", error)
