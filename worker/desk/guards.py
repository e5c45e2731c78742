"""What keeps the page safe: headers on every answer, small requests only, and not too many of them."""

from functools import lru_cache
from urllib.parse import parse_qsl

import structlog
from limits import RateLimitItemPerMinute
from limits.storage import RedisStorage
from limits.strategies import MovingWindowRateLimiter
from redis.exceptions import RedisError
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.events.stream import connect
from worker.desk.render import content_policy

logger = structlog.get_logger()

_PREFIX = "escalation:desk"
_PATIENCE_SECONDS = 2.0
_LARGEST_FORM = 32_768
# A digest of a hundred tickets has a field for each.
_MOST_FIELDS = 120
_FORM_TYPE = "application/x-www-form-urlencoded"
# The link is in the address, so nothing may pass it on as a referrer.
_HEADERS = {
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "x-robots-tag": "noindex, nofollow, noarchive",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "cache-control": "no-store",
}
# Only ever read by browsers over TLS, and ignored without it (RFC 6797, 7.2).
_STRICT_TRANSPORT = "max-age=31536000"


class SafeHeaders:
    """Sets the headers on every answer, errors included."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["content-security-policy"] = content_policy()
                for name, value in _HEADERS.items():
                    headers[name] = value
                if scope.get("scheme") == "https":
                    headers["strict-transport-security"] = _STRICT_TRANSPORT
            await send(message)

        await self.app(scope, receive, with_headers)


class KeepPeer:
    """Remembers who connected, before a proxy's headers name somebody else: `scope["peer"]`."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["peer"] = scope.get("client")
        await self.app(scope, receive, send)


@lru_cache(maxsize=2)
def _limiter(url: str) -> MovingWindowRateLimiter:
    """Counters in Redis, shared by all processes; nothing connects before the first use."""
    pool = connect(url, _PATIENCE_SECONDS).connection_pool
    return MovingWindowRateLimiter(RedisStorage("redis://", pool, key_prefix=_PREFIX))


def refuse_too_many(url: str, per_minute: int, *who: str) -> None:
    """Count a request. Without Redis nobody is turned away: the page matters most when something is broken.

    :raises HTTPException: 429, with when to come again
    """
    try:
        allowed = _limiter(url).hit(RateLimitItemPerMinute(per_minute), *who)
    except RedisError as error:
        logger.warning("desk_counts_without_redis", error=type(error).__name__)
        return
    if not allowed:
        raise HTTPException(429, "Too many requests. Wait a minute and try again.", {"retry-after": "60"})


async def form_of(request: Request) -> dict[str, str]:
    """The fields of a small form that this site itself sent.

    :raises HTTPException: 400, 403, 413 or 415, with what is wrong
    """
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        raise HTTPException(403, "This form came from another site.")
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM_TYPE:
        raise HTTPException(415, "The form cannot be read.")
    try:
        return dict(parse_qsl((await _body_of(request)).decode(), strict_parsing=True, max_num_fields=_MOST_FIELDS))
    except ValueError as error:
        raise HTTPException(400, "The form cannot be read.") from error


async def _body_of(request: Request) -> bytes:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > _LARGEST_FORM:
            raise HTTPException(413, "The form is too large.")
    return bytes(body)
