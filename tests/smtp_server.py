"""An SMTP server that says what a test tells it to, over real sockets, and remembers what it heard."""

import socket
import ssl
import threading
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Self

from tests.smtp_session import Received, Reply, Session, shut


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
    names: list[str] = field(default_factory=list)
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

    def told(self, step: str) -> Reply | None:
        """What the test wants at this step; the step counts as reached."""
        with self.lock:
            self.heard.append(step)
            return self.script[step].pop(0) if self.script[step] else self.always.get(step)

    def count(self, step: str) -> int:
        """How often a step was reached."""
        return self.heard.count(step)

    def keep(self, message: Received) -> None:
        with self.lock:
            self.messages.append(message)

    @property
    def port(self) -> int:
        port: int = self.listening.getsockname()[1]
        return port

    def forget(self, step: str) -> None:
        """Forget what was told for the next times at this step."""
        with self.lock:
            self.script[step].clear()

    def __enter__(self) -> Self:
        self.bind(0)
        self.listen()
        return self

    def __exit__(self, *_: object) -> None:
        shut(self.listening)
        self.hang_up()

    def bind(self, port: int) -> None:
        """Take this port, or any one for 0; connections are refused until `listen`."""
        self.listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listening.bind((self.host, port))

    def listen(self) -> None:
        self.listening.listen(64)
        threading.Thread(target=self.accept, args=[self.listening], daemon=True).start()

    def hang_up(self) -> None:
        """End all conversations with no word."""
        for connection in list(self.open):
            shut(connection)

    def go_away(self) -> None:
        """End all conversations and refuse connections until `listen`; nobody else gets the port meanwhile."""
        port = self.port
        shut(self.listening)
        self.hang_up()
        self.listening = socket.socket()
        self.bind(port)

    def accept(self, listening: socket.socket) -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            self.connections += 1
            self.open.add(connection)
            threading.Thread(target=Session(self, connection).run, daemon=True).start()
