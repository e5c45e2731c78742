"""An SMTP server that says what a test tells it to, over real sockets, and remembers what it heard."""

import base64
import socket
import ssl
import threading
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self

Act = Callable[["Session"], None]
Said = str | Act
# A reply, something to do to the connection, or a function of the argument that returns either, or None for the usual.
Reply = Said | Callable[[str], "Said | None"]


def drop(session: "Session") -> None:
    """Close the connection with no word."""
    session.end()


def take_and_drop(session: "Session") -> None:
    """At the dot: take the message and close the connection before saying so."""
    session.keep()
    session.end()


def hang(session: "Session") -> None:
    """Say nothing until the other side goes away or the server stops."""
    while session.connection.recv(1):
        pass
    session.end()


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


@dataclass(slots=True)
class SmtpServer:
    """A context manager; `tls` is none, starttls or ssl, `users` maps names to passwords or tokens.

    Steps that `on` knows: connect, tls, ehlo, starttls, auth, mail, rcpt, data, body, dot, rset, quit.
    """

    tls: str = "none"
    host: str = "127.0.0.1"
    context: ssl.SSLContext | None = None
    users: dict[str, str] = field(default_factory=dict)
    mechanisms: str = "PLAIN LOGIN"
    features: tuple[str, ...] = ("SIZE 50000000", "8BITMIME", "SMTPUTF8")
    messages: list[Received] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)
    connections: int = 0
    script: dict[str, list[Reply]] = field(default_factory=lambda: defaultdict(list))
    always: dict[str, Reply] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)
    listening: socket.socket = field(default_factory=socket.socket)
    open: set[socket.socket] = field(default_factory=set)

    def on(self, step: str, *replies: Reply) -> None:
        """The replies of the next times; afterwards it answers as usual."""
        self.script[step].extend(replies)

    def on_every(self, step: str, reply: Reply) -> None:
        """The reply of every time, until `as_usual`."""
        self.always[step] = reply

    def as_usual(self) -> None:
        """Forget all that was told."""
        self.always.clear()
        self.script.clear()

    def told(self, step: str, argument: str) -> Said | None:
        with self.lock:
            self.heard.append(step)
            reply = self.script[step].pop(0) if self.script[step] else self.always.get(step)
        if reply is None or isinstance(reply, str) or reply in (drop, hang, take_and_drop):
            return reply
        return reply(argument)  # type: ignore[arg-type]

    def count(self, step: str) -> int:
        """How often a step was reached."""
        return self.heard.count(step)

    @property
    def port(self) -> int:
        port: int = self.listening.getsockname()[1]
        return port

    def __enter__(self) -> Self:
        self.listening.bind((self.host, 0))
        self.listening.listen(64)
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        shut(self.listening)
        for connection in list(self.open):
            shut(connection)

    def accept(self) -> None:
        while True:
            try:
                connection, _ = self.listening.accept()
            except OSError:
                return
            self.connections += 1
            self.open.add(connection)
            threading.Thread(target=Session(self, connection).run, daemon=True).start()


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

    def __init__(self, server: SmtpServer, connection: socket.socket) -> None:
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

    def end(self) -> None:
        raise Ended

    def say(self, line: str) -> None:
        self.connection.sendall(line.encode() + b"\r\n")

    def reply(self, step: str, usual: str, argument: str = "") -> bool:
        """Do what the test told for this step, else the usual; whether the usual was said."""
        told = self.server.told(step, argument)
        if told is None:
            self.say(usual)
        elif isinstance(told, str):
            self.say(told)
            if told.startswith("421"):
                self.end()
        else:
            told(self)
        return told is None

    def command(self, line: str) -> None:
        verb, _, argument = line.partition(" ")
        handler = getattr(self, f"do_{verb.lower()}", None)
        if handler is None:
            self.say("502 5.5.2 not known")
        else:
            handler(argument)

    def do_ehlo(self, name: str) -> None:
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
            told = self.server.told("tls", "")
            if told is not None and not isinstance(told, str):
                told(self)
            self.lines.close()
            self.secure_now()
            self.lines = self.connection.makefile("rb")

    def secure_now(self) -> None:
        assert self.server.context is not None
        self.connection = self.server.context.wrap_socket(self.connection, server_side=True)
        self.secure = True

    def do_auth(self, argument: str) -> None:
        mechanism, _, initial = argument.partition(" ")
        told = self.server.told("auth", mechanism)
        if isinstance(told, str):
            return self.say(told)
        if told is not None:
            return told(self)
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
        told = self.server.told("body", "")
        while (line := self.lines.readline()) != b".\r\n":
            if not line:
                self.end()
            data += line[1:] if line.startswith(b".") else line
            if told is not None and not isinstance(told, str):
                told(self)
            if isinstance(told, str):
                self.say(told)
                self.end()
        self.take(bytes(data))

    def take(self, data: bytes) -> None:
        self.received = Received(self.sender, tuple(self.recipients), data, self.user, self.options.strip())
        told = self.server.told("dot", "")
        if told is None:
            self.keep()
            self.say("250 2.0.0 taken")
        elif isinstance(told, str):
            self.say(told)
            if told.startswith("421"):
                self.end()
        else:
            told(self)

    def keep(self) -> None:
        with self.server.lock:
            self.server.messages.append(self.received)

    def do_rset(self, _: str) -> None:
        self.recipients = []
        self.reply("rset", "250 2.0.0 ok")

    def do_quit(self, _: str) -> None:
        self.reply("quit", "221 2.0.0 bye")
        self.end()
