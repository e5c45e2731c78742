"""One SMTP connection that knows how far it has come (RFC 5321, 3207, 6531)."""

import re
import smtplib
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from rules.delivery import LocalFault, Phase, ServerReply
from services.transports.base import BeginBody, Budget, ConversationEnded
from services.transports.dialing import connect

# RFC 5321, 4.1.2: labels of letters, digits and hyphens, with a dot; no address.
_FULL_NAME: Final = re.compile(r"(?!\d+(\.\d+){3}$)[A-Za-z0-9](-*[A-Za-z0-9])*(\.[A-Za-z0-9](-*[A-Za-z0-9])*)+")
# After a broken body the server has often said why before it closed.
_LAST_WORDS_SECONDS: Final = 2.0
_DOT: Final = ord(".")


@dataclass(frozen=True, slots=True)
class Server:
    """Where and how to connect; `tls` is none, starttls or ssl, the time-outs are in seconds."""

    host: str
    port: int
    tls: str
    context: ssl.SSLContext
    connect_seconds: float
    command_seconds: float
    reply_seconds: float
    ehlo_name: str | None = None


class SmtpConnection(smtplib.SMTP):
    """smtplib's connection, with phases, a time-out for each and replies that are answers, not exceptions."""

    def __init__(self, server: Server) -> None:
        super().__init__(local_hostname="localhost")
        self.server = server
        self.phase = Phase.CONNECT
        self.budget = Budget(server.connect_seconds)

    def enter(self, phase: Phase, seconds: float | None = None) -> None:
        """Begin a phase with its own time-out."""
        self.phase = phase
        left = self.budget.left(seconds or self.server.command_seconds)
        if self.sock:
            self.sock.settimeout(left)

    def ask(self, phase: Phase, command: str, arguments: str = "") -> ServerReply:
        """Send a command and read its reply."""
        self.enter(phase)
        return self.answer(self.docmd(command, arguments))

    def demand(self, phase: Phase, command: str, arguments: str = "") -> ServerReply:
        """Send a command that has to succeed.

        :raises ConversationEnded: it did not
        """
        return expect(self.ask(phase, command, arguments))

    def answer(self, reply: tuple[int, bytes]) -> ServerReply:
        """A reply as an answer; a server that says goodbye or nonsense is not spoken to again."""
        code, text = reply
        if code in {421, -1}:
            self.close()
        return ServerReply(self.phase, code if code > 0 else None, text.decode("utf-8", "replace"))

    def open(self, budget: Budget) -> None:
        """Connect, greet and make it safe.

        :raises ConversationEnded: the server does not want that
        :raises OSError: the connection failed; `phase` says where
        """
        self.budget = budget
        self.enter(Phase.CONNECT)
        seconds = budget.left(self.server.connect_seconds)
        self.sock = connect(self.server.host, self.server.port, seconds)
        self.local_hostname = self.server.ehlo_name or _own_name(self.sock)
        if self.server.tls == "ssl":
            self.secure()
        self.enter(Phase.GREETING)
        expect(self.answer(self.getreply()))
        self.introduce()
        if self.server.tls == "starttls":
            self.start_tls()

    def introduce(self) -> None:
        self.enter(Phase.EHLO)
        code, text = self.ehlo()
        # Only what does not know the command (RFC 5321, 4.2.4) is greeted the old way: a refused name stays refused.
        if code in {500, 502}:
            code, text = self.helo()
        expect(self.answer((code, text)))

    def start_tls(self) -> None:
        if not self.has_extn("starttls"):
            raise ConversationEnded(
                ServerReply(Phase.STARTTLS, text="STARTTLS is not offered", finding=LocalFault.NO_STARTTLS)
            )
        self.demand(Phase.STARTTLS, "STARTTLS")
        self.secure()
        self.introduce()

    def secure(self) -> None:
        """Begin TLS; what was read before, and what the server said it could do, counts no more (RFC 3207, 4.2)."""
        self.enter(Phase.STARTTLS)
        assert self.sock is not None
        self.sock = self.server.context.wrap_socket(self.sock, server_hostname=self.server.host)
        self.file: Any = None
        self.ehlo_resp, self.helo_resp, self.esmtp_features, self.does_esmtp = None, None, {}, False

    def transfer(self, message: bytes, addresses: list[str], begin_body: BeginBody) -> ServerReply:
        """Send the message to the recipients that were taken: DATA, the body, and by itself the final dot."""
        go_ahead = self.ask(Phase.DATA, "DATA")
        if go_ahead.code != 354:
            return go_ahead
        begin_body(addresses)
        self.enter(Phase.BODY, self.server.reply_seconds)
        try:
            self.sock.sendall(stuffed(message))  # type: ignore[union-attr]
        except OSError:
            return self.last_words()
        self.enter(Phase.DOT, self.server.reply_seconds)
        self.send(b".\r\n")
        return self.answer(self.getreply())

    def last_words(self) -> ServerReply:
        self.enter(Phase.BODY, _LAST_WORDS_SECONDS)
        try:
            return self.answer(self.getreply())
        finally:
            self.close()

    @property
    def largest(self) -> int | None:
        """The largest message that the server takes, in bytes (RFC 1870); none when it does not say."""
        size = self.esmtp_features.get("size", "").strip()
        # RFC 1870, section 4: a size has at most 20 digits.
        return int(size) if size.isdecimal() and len(size) <= 20 and int(size) > 0 else None


def expect(answer: ServerReply) -> ServerReply:
    """The answer, if it is a success.

    :raises ConversationEnded: it is not
    """
    if answer.code is None or not 200 <= answer.code < 400:
        raise ConversationEnded(answer)
    return answer


def _own_name(connected: socket.socket) -> str:
    """How to introduce oneself: the host's full name, else the address in brackets (RFC 5321, 4.1.4)."""
    if name := _find_host_name():
        return name
    address = connected.getsockname()[0]
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"


@lru_cache(maxsize=1)
def _find_host_name() -> str | None:
    """As `hostname --fqdn`; a container's name has no dot, and servers refuse `localhost.localdomain`."""
    names = [socket.gethostname()]
    with suppress(OSError):
        names += [found[3] for found in socket.getaddrinfo(names[0], None, flags=socket.AI_CANONNAME)]
    return next((name for name in names if _FULL_NAME.fullmatch(name) and not name.startswith("localhost")), None)


def stuffed(message: bytes) -> bytes:
    """The message as it travels: lines end in CRLF, whatever came, and a dot that begins a line is doubled.

    A lone LF or CR could otherwise end the message early for the next server ("SMTP smuggling").
    """
    lines = message.splitlines()
    for place in [place for place, line in enumerate(lines) if line and line[0] == _DOT]:
        lines[place] = b"." + lines[place]
    return b"\r\n".join(lines) + b"\r\n"
