"""Sends a push message to one address of a push service, by the library apprise."""

import logging
import re
import threading
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from rules.delivery import Phase, ReplyClass, ReplyKind, ReplyScope, ServerReply

if TYPE_CHECKING:
    import apprise

_LONGEST_REPLY = 300
_SHORTEST_SECRET = 4
_UNKNOWN_SERVICE = "apprise knows no such service, or the address lacks something that the service needs"


class _Overheard(logging.Handler):
    """Apprise answers yes or no; why not stands in its log, which is read by thread."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._lines: dict[int, list[str]] = {}

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.setdefault(threading.get_ident(), []).append(record.getMessage())

    def take(self) -> str:
        """Return what was said in this thread since the last time."""
        return " ".join(" ".join(self._lines.pop(threading.get_ident(), [])).split())


_overheard = _Overheard()


def send_push(url: str, title: str, body: str, *, alarming: bool = True) -> tuple[ServerReply, ReplyClass]:
    """Hand over one message; apprise waits four seconds for the connection and as long for the answer.

    A no may mean that the answer was lost, so the message may arrive twice when it is sent again.
    """
    # Imported here: apprise takes as long to load as all else together.
    import apprise

    service = _instantiate(url)
    if service is None:
        reply = ServerReply(Phase.POST, text=_UNKNOWN_SERVICE)
        return reply, ReplyClass(ReplyKind.PERMANENT, ReplyScope.RECIPIENT, remedy="correct `notify` in CONTACTS_FILE")
    kind = apprise.NotifyType.WARNING if alarming else apprise.NotifyType.INFO
    taken = bool(service.notify(body=body, title=title, notify_type=kind, body_format=apprise.NotifyFormat.TEXT))
    said = _without_secrets(_overheard.take(), url)
    if taken:
        return ServerReply(Phase.POST, 200, "taken"), ReplyClass(ReplyKind.ACCEPTED, ReplyScope.MESSAGE)
    reply = ServerReply(Phase.POST, text=said[:_LONGEST_REPLY] or "the service did not take it")
    return reply, ReplyClass(ReplyKind.TRANSIENT, ReplyScope.RECIPIENT)


def is_known_service(url: str) -> bool:
    """Whether apprise knows the service and finds in the address what that needs; sends nothing."""
    return _instantiate(url) is not None


def _instantiate(url: str) -> "apprise.NotifyBase | None":
    import apprise

    logger = logging.getLogger("apprise")
    # Its log names addresses, which hold secrets: nothing of it goes further.
    logger.propagate = False
    if _overheard not in logger.handlers:
        logger.addHandler(_overheard)
    service = apprise.Apprise.instantiate(url, suppress_exceptions=True)
    if service is None:
        _overheard.take()
    return service


def _without_secrets(words: str, url: str) -> str:
    """The words without any part of the address but the service's name."""
    parts = urlsplit(url)
    found = re.split(r"[/:@?&=]+", unquote(f"{parts.netloc}/{parts.path}/{parts.query}"))
    for secret in sorted({part for part in found if len(part) >= _SHORTEST_SECRET}, key=len, reverse=True):
        words = words.replace(secret, "…")
    return words
