"""Whose `X-Forwarded-For` counts: the addresses that DESK_PROXIES names."""

import socket
import struct
from pathlib import Path

_GATEWAY = "gateway"
_ROUTES = Path("/proc/net/route")


def addresses_of_proxies(proxies: str) -> list[str]:
    """The addresses and networks. The word `gateway` stands for where this host's default route leads to.

    In a container that is the machine itself: what reaches a published port comes from there, whoever sent it.
    """
    found: list[str] = []
    for proxy in filter(None, (word.strip() for word in proxies.split(","))):
        found += _default_gateways() if proxy == _GATEWAY else [proxy]
    return found


def _default_gateways() -> list[str]:
    """By the kernel's table: hexadecimal, in the byte order of the machine (proc(5), /proc/net/route)."""
    if not _ROUTES.exists():
        return []
    rows = [line.split() for line in _ROUTES.read_text(encoding="ascii").splitlines()[1:]]
    return [_dotted(row[2]) for row in rows if row[1] == row[7] == "00000000" and row[2] != "00000000"]


def _dotted(hexadecimal: str) -> str:
    return socket.inet_ntoa(struct.pack("=I", int(hexadecimal, 16)))
