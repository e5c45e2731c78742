"""Waits for sockets of several kinds at once, and for a thread that has something to say."""

import selectors
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Protocol, Self

READ: Final = selectors.EVENT_READ
READ_AND_WRITE: Final = selectors.EVENT_READ | selectors.EVENT_WRITE


class _HasSocket(Protocol):
    def fileno(self) -> int: ...


class SocketWatch:
    """Calls what belongs to a socket when it is ready."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        # The number of each source's socket, and the events that it is watched for.
        self._watched: dict[_HasSocket, tuple[int, int]] = {}
        self._awake, self._waker = socket.socketpair()
        self._awake.setblocking(False)
        self.watch(self._awake, READ, self._wake_up)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._selector.close()
        self._awake.close()
        self._waker.close()

    def watch(self, source: _HasSocket, events: int, when_ready: Callable[[], None]) -> None:
        """From now on; a source that is watched already may ask for other events."""
        number, known = self._watched.get(source) or (source.fileno(), 0)
        if known == events:
            return
        (self._selector.modify if known else self._selector.register)(number, events, when_ready)
        self._watched[source] = number, events

    def forget(self, source: _HasSocket) -> None:
        """Its socket is closed, or somebody else's."""
        if source in self._watched:
            number, _ = self._watched.pop(source)
            self._selector.unregister(number)

    def wait(self, seconds: float) -> None:
        """Wait until a source is ready, or so long; then call what belongs to each that is."""
        for key, _ in self._selector.select(seconds):
            key.data()

    def wake(self) -> None:
        """End the wait; another thread may call it."""
        self._waker.send(b"x")

    def _wake_up(self) -> None:
        with suppress(BlockingIOError):
            self._awake.recv(64)
