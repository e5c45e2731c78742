"""What becomes of events that Redis did not take: kept on disk and sent by a thread, or an error."""

import atexit
import logging
import threading
from collections.abc import Callable, Sequence
from functools import partial

from redis.exceptions import AskError, ClusterDownError, MovedError, RedisError

from escalation_client.errors import PublishError
from escalation_client.spool import Spool
from escalation_client.writer import EventWriter

logger = logging.getLogger(__name__)

_COMMAND_END = " of pipeline caused error: "
_FIRST_WAIT_SECONDS = 0.1
_LONGEST_WAIT_SECONDS = 2.0


class Backlog:
    """The way around an absent Redis. The thread runs only while something waits, and dies with its process.

    A script ends sooner than the thread has sent anything: what waits on disk may hold up the end for two seconds, or a
    folder that only scripts use would never be emptied.
    """

    def __init__(self, spool: Spool | None, connect: Callable[[], EventWriter], replicas: int = 0) -> None:
        self.spool = spool
        self.connect = connect
        self.replicas = replicas
        self.guard = threading.Lock()
        self.empty = threading.Condition(self.guard)
        self.stopping = threading.Event()
        self.thread: threading.Thread | None = None

    def waiting(self) -> bool:
        """Whether earlier events wait on disk, so that new ones have to queue up behind them."""
        try:
            if self.spool is None or not self.spool.pending():
                return False
        except OSError as trouble:
            logger.warning("the spool cannot be looked at, events go to Redis at once: %s", trouble)
            return False
        self.wake()
        return True

    def keep(self, encoded: Sequence[str], error: Exception | None = None) -> list[str | None]:
        """Keep events on disk. Raises `PublishError` when there is no spool, or it is full or broken."""
        if self.spool is None:
            raise PublishError(f"Redis did not take {_counted(encoded)}: {_said(error)}") from error
        try:
            self.spool.append(encoded)
        except OSError as trouble:
            raise PublishError(f"neither Redis nor the disk took {_counted(encoded)}: {trouble}") from trouble
        if error is not None:
            logger.warning("Redis is away, so the disk keeps %s: %s", _counted(encoded), _said(error))
        self.wake()
        return [None] * len(encoded)

    def wake(self) -> None:
        """See to it that the thread runs, also in a process that was forked from one where it ran."""
        with self.guard:
            if self.stopping.is_set() or (self.thread is not None and self.thread.is_alive()):
                return
            self.thread = threading.Thread(target=self.run, name="escalation-spool", daemon=True)
            try:
                self.thread.start()
                atexit.register(self.wait_until_empty, _LONGEST_WAIT_SECONDS)
            except RuntimeError as trouble:
                # Too many threads, or this process is ending: what waits is safe, and the next event tries again.
                self.thread = None
                logger.warning("events wait on disk until another process sends them: %s", trouble)

    def wait_until_empty(self, timeout: float) -> bool:
        """Whether nothing waits on disk any more, after at most so many seconds."""
        if self.waiting():
            with self.empty:
                self.empty.wait_for(lambda: self.spool is None or not self.spool.pending(), timeout)
        return self.spool is None or not self.spool.pending()

    def stop(self) -> None:
        """End the thread; what waits on disk stays there for the next process."""
        self.stopping.set()
        with self.guard:
            thread = self.thread
        if thread is not None:
            # It may be waiting for a Redis that does not answer; a daemon's end harms nothing.
            thread.join(_LONGEST_WAIT_SECONDS)

    def run(self) -> None:
        wait = _FIRST_WAIT_SECONDS
        writer = self.connect()
        try:
            while self.goes_on():
                wait = _FIRST_WAIT_SECONDS if self.flush(writer) else min(wait * 2, _LONGEST_WAIT_SECONDS)
                if self.goes_on():
                    self.stopping.wait(wait)
        finally:
            writer.close()

    def goes_on(self) -> bool:
        """Whether to try again; under the guard, so that whoever keeps an event sees this thread or starts one."""
        with self.guard:
            if not self.stopping.is_set() and self.spool is not None and self.spool.pending():
                return True
            self.thread = None
            atexit.unregister(self.wait_until_empty)
            self.empty.notify_all()
            return False

    def flush(self, writer: EventWriter) -> bool:
        """Send what waits; False when Redis or the disk failed, or another process is at it."""
        try:
            return self.spool is not None and self.spool.flush(partial(self.send, writer))
        except (RedisError, OSError) as error:
            logger.warning("events still wait on disk: %s", _said(error))
            return False

    def send(self, writer: EventWriter, batch: Sequence[str]) -> None:
        if self.stopping.is_set():
            raise InterruptedError("the publisher is being closed")
        writer.add_all(batch, self.replicas, expecting=True)


def _counted(encoded: Sequence[str]) -> str:
    return "the event" if len(encoded) == 1 else f"{len(encoded)} events"


def _said(error: Exception | None) -> str:
    """An error's text without the command that failed, which redis-py puts before it: it holds what a user wrote."""
    text = str(error).rpartition(_COMMAND_END)[2]
    if isinstance(error, MovedError | AskError | ClusterDownError):
        return f"a Redis in cluster mode holds event streams alone (events_cluster), and has to be whole ({text})"
    return text
