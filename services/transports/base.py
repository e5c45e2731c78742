"""What a way to send is."""

import base64
import re
import ssl
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final, Protocol
from urllib.parse import quote, quote_plus

from rules.delivery import AccountLimits, LocalFault, Phase, ServerReply

# OpenSSL's words for what RFC 5280 asks of a certificate and older authorities leave out.
_FORM = re.compile(
    r"key identifier|key usage extension|marked critical|name (is )?empty|empty subject alternative|path length",
    re.IGNORECASE,
)
# Called with the addresses that will get the message, right before the body's first byte; it may refuse by raising.
BeginBody = Callable[[Sequence[str]], None]


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who sends to whom; checked addresses, which the message's headers do not change."""

    sender: str
    recipients: tuple[str, ...]
    needs_smtputf8: bool = False


@dataclass(frozen=True, slots=True)
class TransportAccount:
    """What circuit and limits belong to; `key` is the way, the host and the user."""

    key: str
    provider: str
    limits: AccountLimits


class ConversationEnded(Exception):
    """The conversation ended here, with this answer."""

    def __init__(self, answer: ServerReply) -> None:
        super().__init__(f"{answer.phase.value}: {answer.code} {answer.text}")
        self.answer = answer


@dataclass(slots=True)
class Budget:
    """The longest time for one message, in seconds, from now."""

    seconds: float
    began: float = field(default_factory=time.monotonic)

    def left(self, at_most: float) -> float:
        """The time-out for the next step.

        :raises TimeoutError: nothing is left
        """
        left = self.seconds - (time.monotonic() - self.began)
        if left <= 0:
            raise TimeoutError(f"the message took longer than {self.seconds:.0f} s")
        return min(left, at_most)


class Transport(Protocol):
    """A way to send; one a process, made after the fork."""

    account: TransportAccount

    @property
    def is_open(self) -> bool:
        """Whether it can send without logging in first."""
        ...

    def prepare(self) -> ServerReply | None:
        """Connect and log in, for the next message; none when that works, else the answer."""
        ...

    def send(self, envelope: Envelope, message: bytes, begin_body: BeginBody) -> dict[str, ServerReply]:
        """Hand a message over; an answer for each recipient. The only exceptions are those of `begin_body`."""
        ...

    def probe(self) -> ServerReply | None:
        """Log in anew and end the connection again; none when that works, else the answer."""
        ...

    def close(self) -> None:
        """End the connection; errors do not matter any more."""
        ...

    def another(self, used: "Collection[Transport]") -> "Transport":
        """One of the same account that is none of these, an open one if there is; itself when many may use it."""
        ...

    def channel(self) -> "Channel":
        """What sends with it and never waits; only when it is open."""
        ...


class ExchangeState(Enum):
    """How far a message has come."""

    OFFERING = auto()
    READY = auto()
    BODY = auto()
    EMPTY = auto()
    FINISHED = auto()


class Exchange(Protocol):
    """One message on its way. `taken`: who gets it; `answers`: what was said to each address, complete when FINISHED.

    `stale`: the connection had ended before this message, which nobody has seen.
    """

    state: ExchangeState
    stale: bool
    taken: list[str]
    answers: dict[str, ServerReply]


class Channel(Protocol):
    """Sends one message at a time and never waits for it: its owner watches the socket and calls `on_ready`.

    `exchange` is the message on its way; `is_waiting_for_commit` belongs to the owner: it has seen that it is READY.
    """

    is_waiting_for_commit: bool

    @property
    def transport(self) -> Transport: ...

    @property
    def exchange(self) -> Exchange | None: ...

    @property
    def is_open(self) -> bool:
        """Whether another message may be offered on it."""
        ...

    @property
    def is_connected(self) -> bool:
        """Whether there is a socket to watch."""
        ...

    @property
    def wants_to_write(self) -> bool: ...

    @property
    def seconds_left(self) -> float:
        """Until the message's next step is too late."""
        ...

    def fileno(self) -> int: ...

    def offer(self, envelope: Envelope, message: bytes) -> None:
        """Begin a message: everything that goes before its body."""
        ...

    def begin_body(self) -> None:
        """Send the message; only when it is on record that its body begins."""
        ...

    def on_ready(self) -> None:
        """The socket can be read or written."""
        ...

    def expire(self) -> None:
        """The deadline passed."""
        ...

    def drop(self) -> None:
        """Break off a message whose body has not begun; the channel is of no use afterwards."""
        ...

    def release(self) -> None:
        """Leave the transport to others; what is on its way is broken off, or waited for."""
        ...


def failed(error: OSError, phase: Phase) -> ServerReply:
    """What an error means that ended a conversation in this phase."""
    text = described(error)
    if isinstance(error, ssl.SSLCertVerificationError):
        return ServerReply(phase, text=text, finding=find_certificate_fault(error))
    if isinstance(error, ssl.SSLError) and phase is Phase.STARTTLS and not _has_ended(error):
        return ServerReply(phase, text=text, finding=LocalFault.NOT_TLS)
    return ServerReply(phase, text=text)


def find_certificate_fault(error: ssl.SSLCertVerificationError) -> LocalFault:
    """Whether nobody vouches for the certificate, or its form is refused (Python 3.13: `VERIFY_X509_STRICT`)."""
    return LocalFault.CERTIFICATE_FORM if _FORM.search(error.verify_message or "") else LocalFault.CERTIFICATE


def _has_ended(error: ssl.SSLError) -> bool:
    """The other side went away in the handshake, which says nothing about our settings."""
    return isinstance(error, (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError, TimeoutError))


def described(error: BaseException) -> str:
    """An error in a line, without anything secret: library errors name hosts and reasons only."""
    return f"{type(error).__name__}: {error}"[:300]


HIDDEN: Final = "[hidden]"
# Tokens of Microsoft and assertions are JSON Web Tokens (RFC 7515, 7.1): "eyJ" is how '{"' begins in Base64.
_JSON_WEB_TOKEN: Final = re.compile(r"eyJ[\w-]{6,}\.[\w-]{6,}(?:\.[\w-]*)?")
# Shorter ones are found in innocent words, and would be given away by their absence.
_SHORTEST: Final = 4


def without(text: str, *secrets: str) -> str:
    """The text with these secrets hidden, also as forms and Base64 write them, and with every token of that kind."""
    for form in sorted({form for secret in secrets for form in _list_forms(secret)}, key=len, reverse=True):
        text = text.replace(form, HIDDEN)
    return _JSON_WEB_TOKEN.sub(HIDDEN, text)


def _list_forms(secret: str) -> set[str]:
    if len(secret) < _SHORTEST:
        return set()
    return {secret, quote(secret, safe=""), quote_plus(secret), base64.b64encode(secret.encode()).decode()}
