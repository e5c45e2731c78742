"""A push service: a real HTTP server that keeps what it is sent, and answers as ntfy, Slack or anything else does."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True, slots=True)
class Pushed:
    """One request: where it went, what it said, and whether the service took it."""

    path: str
    body: str
    taken: bool


class PushService(ThreadingHTTPServer):
    """Answers with the next of `answers`, and with the last one from then on; `gate` holds answers back.

    Each of `before_answer` is called with the port that the request came from.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Receiver)
        self.pushed: list[Pushed] = []
        self.answers: list[tuple[int, str]] = [(200, '{"id":"x"}')]
        self.gate = threading.Event()
        self.gate.set()
        self.before_answer: list[Callable[[int], object]] = []

    @property
    def ntfy(self) -> str:
        return f"ntfy://127.0.0.1:{self.server_port}/topic-secret"

    @property
    def slack(self) -> str:
        """Slack's own address is fixed in apprise; this is the same shape for a server of one's own."""
        return f"mmost://127.0.0.1:{self.server_port}/token-secret0123456789"

    @property
    def json(self) -> str:
        return f"json://user:password-secret@127.0.0.1:{self.server_port}/path-secret"

    def next_answer(self) -> tuple[int, str]:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


class _Receiver(BaseHTTPRequestHandler):
    server: PushService

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        status, answer = self.server.next_answer()
        self.server.pushed.append(Pushed(self.path, body, taken=status < 300))
        self.server.gate.wait(30)
        for call in [*self.server.before_answer]:
            call(self.client_address[1])
        self.send_response(status)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer.encode())

    def log_message(self, format: str, *arguments: object) -> None:
        """Quiet."""


@contextmanager
def push_service() -> Iterator[PushService]:
    server = PushService()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server
    finally:
        server.gate.set()
        server.shutdown()
        thread.join()
        server.server_close()
