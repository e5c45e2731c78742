"""One conversation of the scripted SMTP server."""

import base64
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.smtp_server import SmtpServer

# A line, or a function that does something and returns a line, or None for the usual one.
Reply = str | Callable[["Session"], str | None]


def drop(_: "Session") -> str | None:
    """Close the connection with no word."""
    raise Ended


def take_and_drop(session: "Session") -> str | None:
    """At the dot: take the message and close the connection before saying so."""
    session.server.keep(session.received)
    raise Ended


def take_and_hang(session: "Session") -> str | None:
    """At the dot: take the message and say nothing."""
    session.server.keep(session.received)
    return hang(session)


def hang(session: "Session") -> str | None:
    """Say nothing until the other side goes away or the server stops."""
    while session.connection.recv(1):
        pass
    raise Ended


@dataclass(frozen=True, slots=True)
class Received:
    """A message that was taken."""

    sender: str
    recipients: tuple[str, ...]
    data: bytes
    user: str | None
    options: str

    def header(self, name: str) -> str:
        """The value of a header that stands on one line."""
        prefix = f"{name.lower()}: ".encode()
        lines = self.data.partition(b"\r\n\r\n")[0].split(b"\r\n")
        return next(line[len(prefix) :].decode() for line in lines if line.lower().startswith(prefix))


class Ended(Exception):
    """The conversation is over."""


def shut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return
    finally:
        connection.close()


class Session:
    """One conversation."""

    def __init__(self, server: "SmtpServer", connection: socket.socket) -> None:
        self.server, self.connection = server, connection
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.user: str | None = None
        self.sender, self.options, self.recipients = "", "", list[str]()
        self.secure = False
        self.lines: Any = None

    def run(self) -> None:
        raw = self.connection
        try:
            if self.server.tls == "ssl":
                self.secure_now()
            self.lines = self.connection.makefile("rb")
            self.reply("connect", "220 test ESMTP")
            while line := self.lines.readline():
                self.command(line.decode("utf-8", "replace").rstrip("\r\n"))
        except (Ended, OSError):
            return
        finally:
            self.server.open.discard(raw)
            if self.lines:
                self.lines.close()
            shut(self.connection)

    def say(self, line: str) -> None:
        self.connection.sendall(line.encode() + b"\r\n")

    def told(self, step: str, argument: str = "") -> str | None:
        """What the test wants to be said at this step, if anything."""
        self.argument = argument
        reply = self.server.told(step)
        return reply(self) if callable(reply) else reply

    def reply(self, step: str, usual: str, argument: str = "") -> bool:
        """Say what the test wants, else the usual; whether it was the usual."""
        told = self.told(step, argument)
        self.say(usual if told is None else told)
        if told and told.startswith("421"):
            raise Ended
        return told is None

    def command(self, line: str) -> None:
        verb, _, argument = line.partition(" ")
        handler = getattr(self, f"do_{verb.lower()}", None)
        if handler is None:
            self.say("502 5.5.2 not known")
        else:
            handler(argument)

    def do_ehlo(self, name: str) -> None:
        self.server.names.append(name)
        features = [*self.server.features]
        if self.server.tls == "starttls" and not self.secure:
            features.append("STARTTLS")
        elif self.server.users:
            features.append(f"AUTH {self.server.mechanisms}")
        lines = ["test greets", *features]
        answer = "\r\n".join([*(f"250-{one}" for one in lines[:-1]), f"250 {lines[-1]}"])
        self.reply("ehlo", answer, name)

    do_helo = do_ehlo

    def do_starttls(self, _: str) -> None:
        if self.reply("starttls", "220 go ahead"):
            self.told("tls")
            self.lines.close()
            self.secure_now()
            self.lines = self.connection.makefile("rb")

    def secure_now(self) -> None:
        assert self.server.context is not None
        self.connection = self.server.context.wrap_socket(self.connection, server_side=True)
        self.secure = True

    def do_auth(self, argument: str) -> None:
        mechanism, _, initial = argument.partition(" ")
        if told := self.told("auth", argument):
            return self.say(told)
        user, secret = getattr(self, f"auth_{mechanism.lower().replace('-', '_')}")(initial)
        if self.server.users.get(user) == secret:
            self.user = user
            return self.say("235 2.7.0 accepted")
        if mechanism == "XOAUTH2":
            self.challenge('{"status":"401","schemes":"bearer"}')
        return self.say("535 5.7.8 bad credentials")

    def challenge(self, text: str) -> str:
        self.say(f"334 {base64.b64encode(text.encode()).decode()}")
        return base64.b64decode(self.lines.readline()).decode()

    def auth_plain(self, initial: str) -> tuple[str, str]:
        _, user, secret = base64.b64decode(initial).decode().split("\0")
        return user, secret

    def auth_login(self, _: str) -> tuple[str, str]:
        return self.challenge("Username:"), self.challenge("Password:")

    def auth_xoauth2(self, _: str) -> tuple[str, str]:
        user, bearer, *_rest = self.challenge("").split("\1")
        return user.removeprefix("user="), bearer.removeprefix("auth=Bearer ")

    def do_mail(self, argument: str) -> None:
        if self.server.users and self.user is None:
            return self.say("530 5.7.57 Client not authenticated to send mail")
        address, _, self.options = argument.removeprefix("FROM:<").partition(">")
        self.sender, self.recipients = address, []
        self.reply("mail", "250 2.1.0 ok", argument)
        return None

    def do_rcpt(self, argument: str) -> None:
        address = argument.removeprefix("TO:<").partition(">")[0]
        if self.reply("rcpt", "250 2.1.5 ok", address):
            self.recipients.append(address)

    def do_data(self, _: str) -> None:
        if not self.reply("data", "354 go ahead"):
            return
        data = bytearray()
        told = self.told("body")
        while (line := self.lines.readline()) != b".\r\n":
            if not line:
                raise Ended
            data += line[1:] if line.startswith(b".") else line
            if told:
                self.say(told)
                raise Ended
        self.received = Received(self.sender, tuple(self.recipients), bytes(data), self.user, self.options.strip())
        told = self.told("dot")
        if told is None:
            self.server.keep(self.received)
        self.say(told or "250 2.0.0 taken")
        if told and told.startswith("421"):
            raise Ended

    def do_rset(self, _: str) -> None:
        self.recipients = []
        self.reply("rset", "250 2.0.0 ok")

    def do_quit(self, _: str) -> None:
        self.reply("quit", "221 2.0.0 bye")
        raise Ended
