"""HTTPS with time-outs on every request, a private authority where one is named, and answers instead of exceptions."""

import io
import socket
import ssl
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Final

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPSConnection
from urllib3.connectionpool import HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

from rules.delivery import Phase, ServerReply
from services.transports.base import described, find_certificate_fault
from services.transports.dialing import connect, tls_context

_LONGEST_SECONDS: Final = 86_400.0
# Causes of causes: requests wraps urllib3, which wraps the system's error.
_DEEPEST: Final = 10


class _Connection(HTTPSConnection):
    """Has one deadline for all addresses of a host; urllib3's own counts for each of them."""

    def _new_conn(self) -> socket.socket:
        try:
            return connect(self._dns_host, self.port or 443, float(self.timeout or _LONGEST_SECONDS))
        except socket.gaierror as error:
            raise NameResolutionError(self.host, self, error) from error
        except TimeoutError as error:
            raise ConnectTimeoutError(self, str(error)) from error
        except OSError as error:
            raise NewConnectionError(self, str(error)) from error


class _Pool(HTTPSConnectionPool):
    ConnectionCls = _Connection


class _OwnTrust(HTTPAdapter):
    """Verifies with our context; requests would trust only the list of authorities that it brings along."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self.context = context
        super().__init__()

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, **options, ssl_context=self.context)
        self.poolmanager.pool_classes_by_scheme = {**self.poolmanager.pool_classes_by_scheme, "https": _Pool}

    def proxy_manager_for(self, *arguments: Any, **options: Any) -> Any:
        return super().proxy_manager_for(*arguments, **options, ssl_context=self.context)

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        super().cert_verify(conn, url, verify, cert)
        if verify is True:
            conn.ca_certs = None


class HttpClient(requests.Session):
    """A session that remembers how its last request ended; `connect` and `read` are time-outs in seconds.

    :raises ConfigurationError: `authority`, which HTTPS_CA_FILE names, cannot be read
    """

    def __init__(self, authority: Path | None, connect: float, read: float) -> None:
        super().__init__()
        self.time_outs = (connect, read)
        self.status: int | None = None
        self.retry_after: float | None = None
        self.mount("https://", _OwnTrust(tls_context(authority, "HTTPS_CA_FILE")))

    def request(self, method: str, url: str, **options: Any) -> requests.Response:  # type: ignore[override]
        options["timeout"] = self.time_outs
        options.setdefault("allow_redirects", False)
        self.status = self.retry_after = None
        response = super().request(method, url, **options)
        self.status, self.retry_after = response.status_code, retry_after(response.headers)
        return response


class RequestBody(io.BytesIO):
    """A request's body that knows whether its first byte was asked for: the server cannot act on less."""

    begun = False

    def read(self, size: int | None = -1, /) -> bytes:
        self.begun = True
        return super().read(size)


def failed_request(error: requests.RequestException, phase: Phase) -> ServerReply:
    """What an error means; one that came before the request had gone out is of phase `connect`."""
    causes = list(_causes_of(error))
    text = described(next((cause for cause in causes if isinstance(cause, OSError) and cause.errno), error))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return ServerReply(Phase.CONNECT, text=described(cause), finding=find_certificate_fault(cause))
    if any(type(cause).__name__ in _NEVER_CONNECTED for cause in causes):
        return ServerReply(Phase.CONNECT, text=text)
    return ServerReply(phase, text=text)


# Of urllib3, which requests does not hand on as types of its own.
_NEVER_CONNECTED: Final = frozenset(
    {"NewConnectionError", "NameResolutionError", "ConnectTimeoutError", "ConnectTimeout", "ProxyError"}
)


def _causes_of(error: BaseException) -> Iterator[BaseException]:
    """The error and what led to it, the outermost first."""
    cause: object = error
    for _ in range(_DEEPEST):
        if not isinstance(cause, BaseException):
            return
        yield cause
        inner = getattr(cause, "reason", None) or (cause.args[0] if cause.args else None)
        cause = inner if isinstance(inner, BaseException) else cause.__cause__ or cause.__context__


def retry_after(headers: Mapping[str, str]) -> float | None:
    """The seconds that Retry-After asks for, as a number or a date (RFC 9110, 10.2.3); a day at most."""
    value = headers.get("Retry-After", "").strip()
    if value.isdecimal():
        return min(float(value), _LONGEST_SECONDS)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    seconds = (moment - datetime.now(UTC)).total_seconds() if moment.tzinfo else None
    return None if seconds is None else min(max(0.0, seconds), _LONGEST_SECONDS)
