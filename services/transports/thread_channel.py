"""A way to send that waits, beside others that do: each has a thread, and looks like a connection that never waits."""

import socket
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from queue import SimpleQueue
from typing import Final

from rules.delivery import ServerReply
from services.transports.base import Envelope, Exchange, ExchangeState, Transport

_FOREVER: Final = float("inf")


class _BrokenOff(Exception):
    """The body must not begin."""


class _InThread:
    """A message in the hands of the thread; its state changes only when the owner hears of it."""

    def __init__(self) -> None:
        self.stale = False
        self.state = ExchangeState.OFFERING
        self.taken: list[str] = []
        self.answers: dict[str, ServerReply] = {}


class ThreadChannel:
    """The thread waits before each body until `begin_body`, so that its beginning is on record first.

    Any number of them may share a transport; its own time-outs end what takes too long.
    """

    wants_to_write: Final = False
    seconds_left: Final = _FOREVER

    def __init__(self, transport: Transport) -> None:
        """Send with a transport that is open (`prepare`)."""
        self.transport = transport
        self.is_waiting_for_commit = False
        self._message: _InThread | None = None
        self._sending: Future[dict[str, ServerReply]] = Future()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="mail-send")
        # From the thread: who gets the message. To it: whether its body may begin.
        self._taken: SimpleQueue[Sequence[str]] = SimpleQueue()
        self._permissions: SimpleQueue[bool] = SimpleQueue()
        self._awake, self._waker = socket.socketpair()
        self._awake.setblocking(False)

    @property
    def exchange(self) -> Exchange | None:
        return self._message

    @property
    def is_open(self) -> bool:
        return self.transport.is_open

    @property
    def is_connected(self) -> bool:
        return self.fileno() >= 0

    def fileno(self) -> int:
        return self._awake.fileno()

    def offer(self, envelope: Envelope, message: bytes) -> None:
        self.is_waiting_for_commit = False
        self._message = _InThread()
        self._sending = self._thread.submit(self.transport.send, envelope, message, self._wait_for_permission)
        self._sending.add_done_callback(lambda _: self._wake())

    def begin_body(self) -> None:
        assert self._message is not None
        self._message.state = ExchangeState.BODY
        self._permissions.put(True)

    def on_ready(self) -> None:
        """The thread has come to the body, or has the answers.

        :raises Exception: whatever the transport raised, which is a mistake of ours
        """
        if not self.is_connected or self._message is None:
            return
        with suppress(BlockingIOError):
            self._awake.recv(64)
        if self._sending.done():
            self._message.answers = self._sending.result()
            self._message.state = ExchangeState.FINISHED
        elif not self._taken.empty():
            self._message.taken = list(self._taken.get())
            self._message.state = ExchangeState.READY

    def expire(self) -> None:
        """Nothing here is too late."""

    def drop(self) -> None:
        self._end(wait=False)

    def release(self) -> None:
        """A request under way is waited for: it must not outlive the lease."""
        self._end(wait=True)

    def _end(self, *, wait: bool) -> None:
        self._permissions.put(False)
        self._thread.shutdown(wait=wait)
        self._awake.close()
        self._waker.close()

    def _wait_for_permission(self, taken: Sequence[str]) -> None:
        self._taken.put(taken)
        self._wake()
        if not self._permissions.get():
            raise _BrokenOff

    def _wake(self) -> None:
        # Whoever has broken it off listens no more.
        with suppress(OSError):
            self._waker.send(b"x")
