"""What a mail server answered, and how far the conversation had come."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

# RFC 3463, section 2: class.subject.detail, at the beginning of the text.
_ENHANCED: Final = re.compile(r"\s*([245]\.\d{1,3}\.\d{1,3})\b")


class Phase(StrEnum):
    """The steps of a conversation in their order; `token` and `post` are those of HTTP, `write` that of a file."""

    COMPOSE = "compose"
    TOKEN = "token"
    CONNECT = "connect"
    GREETING = "greeting"
    EHLO = "ehlo"
    STARTTLS = "starttls"
    AUTH = "auth"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    BODY = "body"
    DOT = "dot"
    POST = "post"
    WRITE = "write"


BEFORE_MAIL: Final = frozenset(
    {Phase.TOKEN, Phase.CONNECT, Phase.GREETING, Phase.EHLO, Phase.STARTTLS, Phase.AUTH, Phase.WRITE}
)


class LocalFault(StrEnum):
    """What this side found out by itself, without a reply of the server."""

    CERTIFICATE = "certificate"
    CERTIFICATE_FORM = "certificate_form"
    NOT_TLS = "not_tls"
    NO_STARTTLS = "no_starttls"
    NO_AUTH = "no_auth"
    NO_SMTPUTF8 = "no_smtputf8"
    TOO_LARGE = "too_large"
    BAD_ADDRESS = "bad_address"
    BAD_SENDER = "bad_sender"
    NOT_COMPOSED = "not_composed"


@dataclass(frozen=True, slots=True)
class ServerReply:
    """A reply, or the lack of one when `code` is None; HTTP's codes in the phases `token` and `post`.

    `retry_after` is in seconds.
    """

    phase: Phase
    code: int | None = None
    text: str = ""
    finding: LocalFault | None = None
    retry_after: float | None = None

    @property
    def enhanced(self) -> str | None:
        """The enhanced status code (RFC 3463), such as 5.7.139."""
        found = _ENHANCED.match(self.text)
        return found[1] if found else None

    @property
    def kept(self) -> str:
        """The text as UTF-8 and PostgreSQL can hold it, whatever bytes a server sent."""
        return self.text.replace("\0", "").encode("utf-8", "replace").decode()

    @property
    def lost(self) -> bool:
        """No reply came."""
        return self.code is None and self.finding is None
