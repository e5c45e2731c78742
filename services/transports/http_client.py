"""HTTPS with time-outs on every request, a private authority where one is named, and answers instead of exceptions."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import requests

from rules.delivery import LocalFault, Phase, ServerReply
from services.transports.base import described

_LONGEST_SECONDS = 86_400.0


class Https(requests.Session):
    """A session that remembers the status of its last response; `connect` and `read` are time-outs in seconds."""

    def __init__(self, authority: Path | None, connect: float, read: float) -> None:
        super().__init__()
        self.authority = str(authority) if authority else None
        self.time_outs = (connect, read)
        self.status: int | None = None

    def request(self, method: str, url: str, **options: Any) -> requests.Response:  # type: ignore[override]
        options["timeout"] = self.time_outs
        options["allow_redirects"] = False
        if self.authority:
            options["verify"] = self.authority
        self.status = None
        response = super().request(method, url, **options)
        self.status = response.status_code
        return response


def failed_request(error: requests.RequestException, phase: Phase) -> ServerReply:
    """What an error means; one that came before the request had gone out is of phase `connect`."""
    if isinstance(error, requests.exceptions.SSLError):
        return ServerReply(Phase.CONNECT, text=described(error), finding=LocalFault.CERTIFICATE)
    if isinstance(error, requests.exceptions.ConnectTimeout) or _never_connected(error):
        return ServerReply(Phase.CONNECT, text=described(error))
    return ServerReply(phase, text=described(error))


def _never_connected(error: requests.RequestException) -> bool:
    cause = getattr(error.args[0], "reason", None) if error.args else None
    return type(cause).__name__ in {"NewConnectionError", "NameResolutionError", "ConnectTimeoutError"}


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
