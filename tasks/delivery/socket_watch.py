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
        self._numbers: dict[_HasSocket, int] = {}
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
        number = self._numbers.get(source)
        if number is None:
            self._numbers[source] = source.fileno()
            self._selector.register(self._numbers[source], events, when_ready)
        elif self._selector.get_key(number).events != events:
            self._selector.modify(number, events, when_ready)

    def forget(self, source: _HasSocket) -> None:
        """Its socket is closed, or somebody else's."""
        number = self._numbers.pop(source, None)
        if number is not None:
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
