"""Connecting to a host with many addresses: one deadline over all, the next begun before the last has failed."""

import errno
import os
import selectors
import socket
import ssl
import time
from collections.abc import Iterator
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any, Final

from config.errors import ConfigurationError

# RFC 8305, section 5: "Connection Attempt Delay", the recommended value.
_NEXT_SECONDS: Final = 0.25

_Address = tuple[socket.AddressFamily, Any]


def connect(host: str, port: int, seconds: float) -> socket.socket:
    """A connection to the first of the host's addresses that answers.

    :param seconds: how long all of it may take, the look-up aside
    :raises TimeoutError: none answered in time
    :raises OSError: the last error, when each address refused; `gaierror` when the name is not known
    """
    addresses = _interleave(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    with _Race(time.monotonic() + seconds) as race:
        started = (race.begin(address) for address in addresses)
        if won := next(filter(None, started), None) or race.wait(race.deadline):
            # Without it a message over TLS waits some 40 ms for a delayed acknowledgement.
            won.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return won
        raise race.explain(host, port, len(addresses), seconds)


def _interleave(found: list[Any]) -> list[_Address]:
    """The families by turns (RFC 8305, section 4), that of the system's first choice first."""
    by_family: dict[Any, list[_Address]] = {}
    for family, _, _, _, place in found:
        by_family.setdefault(family, []).append((family, place))
    return [address for address in chain.from_iterable(zip_longest(*by_family.values())) if address]


class _Race:
    """Connections that are being made; all but the winner are closed at the end."""

    def __init__(self, deadline: float) -> None:
        self.deadline = deadline
        self.selector = selectors.DefaultSelector()
        self.last_error: OSError | None = None

    def __enter__(self) -> "_Race":
        return self

    def __exit__(self, *_: object) -> None:
        for pending in self._pending():
            pending.close()
        self.selector.close()

    def _pending(self) -> Iterator[socket.socket]:
        for key in list(self.selector.get_map().values()):
            yield key.fileobj  # type: ignore[misc]

    def begin(self, address: _Address) -> socket.socket | None:
        """Begin with one more address and give the race a moment; the winner, if there is one by then."""
        if time.monotonic() >= self.deadline:
            return None
        family, place = address
        try:
            pending = socket.socket(family, socket.SOCK_STREAM)
        except OSError as error:
            self.last_error = error
            return None
        pending.setblocking(False)
        if (number := pending.connect_ex(place)) not in {0, errno.EINPROGRESS}:
            self.last_error = OSError(number, os.strerror(number))
            pending.close()
            return None
        self.selector.register(pending, selectors.EVENT_WRITE)
        return self.wait(min(self.deadline, time.monotonic() + _NEXT_SECONDS))

    def wait(self, until: float) -> socket.socket | None:
        """The first that connects by then; ends at once when none is under way any more."""
        while self.selector.get_map() and (left := until - time.monotonic()) > 0:
            for key, _ in self.selector.select(left):
                settled: socket.socket = key.fileobj  # type: ignore[assignment]
                self.selector.unregister(settled)
                if number := settled.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                    self.last_error = OSError(number, os.strerror(number))
                    settled.close()
                    continue
                settled.setblocking(True)
                return settled
        return None

    def explain(self, host: str, port: int, count: int, seconds: float) -> OSError:
        """Why nobody won."""
        if self.selector.get_map() or self.last_error is None:
            return TimeoutError(
                f"none of the {count} addresses of {host}, port {port}, answered within {seconds:.0f} s"
            )
        return self.last_error


def tls_context(authority: Path | None, setting: str) -> ssl.SSLContext:
    """A client's context.

    :raises ConfigurationError: the file of the authority, which `setting` names, cannot be read
    """
    context = ssl.create_default_context()
    if authority:
        try:
            context.load_verify_locations(authority)
        except OSError as error:
            raise ConfigurationError(f"{setting}: cannot read certificates from {authority}: {error}") from error
    return context
