"""Asking the programs of this machine: where they listen, and never through a company's proxy.

Docker often hands a proxy on to its containers (HTTP_PROXY); it does not lead to this machine, and should see no login.
"""

from urllib.request import ProxyHandler, build_opener

LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}
directly = build_opener(ProxyHandler({}))


def reached_at(listens_at: str, port: int) -> str:
    """Where this machine reaches what listens at an address, or at all of them."""
    host = LOOPBACK.get(listens_at, listens_at)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
