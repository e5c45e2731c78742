"""A local HTTPS server that answers as the token end points and Microsoft Graph do."""

import base64
import json
import os
import socket
import ssl
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs

from tests.smtp_session import shut

TENANT = "contoso"
SEND = "sendMail"
TOKEN = "token"
DISCOVERY = "openid-configuration"


@dataclass(frozen=True, slots=True)
class Response:
    """What to answer; `drop` says nothing and closes the connection, `hang` nothing and keeps it.

    `raw`: instead of an answer these bytes, past the encryption.
    """

    status: int = 200
    body: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    drop: bool = False
    hang: bool = False
    raw: bytes | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def part(self) -> str:
        """The last of the path."""
        return self.path.rpartition("/")[2]

    @property
    def form(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(self.body.decode()).items()}

    @property
    def message(self) -> bytes:
        """The MIME bytes of a sendMail."""
        return base64.b64decode(self.body, validate=True)


@dataclass(slots=True)
class HttpsServer:
    """A context manager; `on` tells what to answer by the last part of the path, `on_every` what to do first.

    `in_hand`: how many mails were being taken as each came, itself included.
    """

    context: ssl.SSLContext
    expires_in: int = 3600
    requests: list[Request] = field(default_factory=list)
    script: dict[str, list[Response]] = field(default_factory=lambda: defaultdict(list))
    acts: dict[str, Callable[[Request], Response | None]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)
    busy: int = 0
    in_hand: list[int] = field(default_factory=list)
    tokens: int = 0
    stopping: threading.Event = field(default_factory=threading.Event)
    server: Any = None
    ending: socket.socket | None = None

    def on(self, part: str, *responses: Response) -> None:
        self.script[part].extend(responses)

    def on_every(self, part: str, act: Callable[[Request], Response | None]) -> None:
        """With each request, in its own thread; None: answer as usual."""
        self.acts[part] = act

    def asked(self, part: str) -> list[Request]:
        """The requests whose path ends so."""
        return [request for request in self.requests if request.path.endswith(part)]

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.server.server_port}"

    def __enter__(self) -> Self:
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(self))
        self.server.daemon_threads = True
        self.server.socket = self.context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def break_handshakes(self) -> None:
        """From now on every connection ends before TLS has begun, those that are open at once."""
        port = self.server.server_port
        self.server.shutdown()
        self.server.server_close()
        self.ending = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=end_all, args=[self.ending], daemon=True).start()

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self.server.shutdown()
        self.server.server_close()
        if self.ending:
            shut(self.ending)

    @contextmanager
    def taking(self, request: Request) -> Iterator[None]:
        """Have the request in hand until its answer is given."""
        counts = int(request.part == SEND)
        with self.lock:
            self.requests.append(request)
            self.busy += counts
            self.in_hand.extend([self.busy] * counts)
        try:
            yield
        finally:
            with self.lock:
                self.busy -= counts

    def answer(self, request: Request) -> Response:
        part = request.part
        with self.lock:
            scripted = self.script[part].pop(0) if self.script[part] else None
        act = self.acts.get(part)
        return (act(request) if act else None) or scripted or self.usual[part]()

    @property
    def usual(self) -> dict[str, Callable[[], Response]]:
        return {DISCOVERY: self.discovery, TOKEN: self.new_token, SEND: lambda: Response(202)}

    def discovery(self) -> Response:
        base = f"{self.url}/{TENANT}/oauth2/v2.0"
        members = {"authorization_endpoint": f"{base}/authorize", "token_endpoint": f"{base}/token", "issuer": self.url}
        return Response(body=members)

    def new_token(self) -> Response:
        self.tokens += 1
        return Response(
            body={"token_type": "Bearer", "expires_in": self.expires_in, "access_token": f"token-{self.tokens}"}
        )


def end_all(listening: socket.socket) -> None:
    while True:
        try:
            connection, _ = listening.accept()
        except OSError:
            return
        with connection:
            connection.recv(1)


def handler_of(server: HttpsServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            self.respond_to(Request(self.path, dict(self.headers), self.rfile.read(length)))

        def do_GET(self) -> None:
            self.respond_to(Request(self.path.partition("?")[0], dict(self.headers), b""))

        def respond_to(self, request: Request) -> None:
            with server.taking(request):
                self.respond(server.answer(request))

        def respond(self, response: Response) -> None:
            if response.hang:
                server.stopping.wait()
            if response.raw is not None:
                # Below the layer of TLS: what a broken machine on the way would make of the answer.
                with socket.socket(fileno=os.dup(self.connection.fileno())) as plain:
                    plain.sendall(response.raw)
            if response.drop or response.hang or response.raw is not None:
                self.close_connection = True
                return
            body = json.dumps(response.body).encode() if response.body else b""
            self.send_response(response.status)
            for name, value in {**response.headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    return Handler
