"""Whether a web address can be reached: name, connection and certificate, without asking it for anything.

The address itself is a secret (an incoming webhook's path is its password), so only its host is ever named.
"""

import socket
import ssl
from urllib.parse import SplitResult, urlsplit
from urllib.request import getproxies, proxy_bypass

from worker.doctor.finding import CheckedPart, CheckResult

_SECONDS = 10.0
_PORTS = {"https": 443, "http": 80}


def reach(part: CheckedPart, name: str, url: str) -> CheckResult:
    """`name`: of the setting that holds the address."""
    place = urlsplit(url)
    proxy = _proxy_for(place)
    host, port = at(proxy or place)
    tried = f"connect to {host}:{port}, {'the proxy for ' if proxy else ''}{name}'s host"
    try:
        connect(host, port, None if proxy else place.scheme)
    except OSError as error:
        return part.broken(tried, _said(error), f"Check {name}, this machine's DNS and the firewall.")
    secured = place.scheme == "https" and not proxy
    return part.ok(tried, "it answers and its certificate is good" if secured else "it answers")


def _proxy_for(place: SplitResult) -> SplitResult | None:
    """The company's proxy by which the posts go, if any."""
    proxy = getproxies().get(place.scheme)
    if not proxy or proxy_bypass(place.hostname or ""):
        return None
    return urlsplit(proxy if "://" in proxy else f"http://{proxy}")


def at(place: SplitResult) -> tuple[str, int]:
    return place.hostname or "", place.port or _PORTS.get(place.scheme, 80)


def connect(host: str, port: int, scheme: str | None) -> None:
    """:raises OSError: no name, no connection, or no certificate that somebody vouches for"""
    with socket.create_connection((host, port), _SECONDS) as plain:
        if scheme == "https":
            with ssl.create_default_context().wrap_socket(plain, server_hostname=host):
                pass


def _said(error: OSError) -> str:
    return f"{type(error).__name__}: {error}"[:300]
