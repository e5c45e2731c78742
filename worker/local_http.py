"""Asking the programs of this machine: where they listen, and never through a company's proxy.

Docker often hands a proxy on to its containers (HTTP_PROXY); it does not lead to this machine, and should see no login.
"""

import socket
from urllib.request import ProxyHandler, build_opener

_LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}
directly = build_opener(ProxyHandler({}))


def reached_at(listens_at: str, port: int) -> str:
    """Where this machine reaches what listens at an address, or at all of them."""
    host = _LOOPBACK.get(listens_at, listens_at)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def why_nothing_can_listen(address: str, port: int) -> str | None:
    """The system's words, such as that the address is in use; None: a server can listen there."""
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as trial:
            # As servers do: a connection that has just ended does not count.
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind(place)
    except OSError as error:
        return error.strerror
    return None
