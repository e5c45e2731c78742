"""Whether a webhook has taken a post: reports from the field where nobody noticed that it had not."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from services.monitoring import webhooks
from services.monitoring.webhooks import beat, offer


class Answering(ThreadingHTTPServer):
    """Answers everything in the same way."""

    daemon_threads = True
    status, body, headers = 200, "ok", {"Content-Type": "text/html"}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hidden-secret"


class Answer(BaseHTTPRequestHandler):
    server: Answering

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(self.server.status)
        for name, value in {**self.server.headers, "Content-Length": str(len(self.server.body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(self.server.body.encode())

    do_GET = do_POST

    def log_message(self, format: str, *arguments: Any) -> None:
        """Quiet."""


@pytest.fixture
def server() -> Iterator[Answering]:
    server = Answering(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("body", ["ok", "", "1", '{"status":"accepted"}'])
def test_an_ordinary_answer_is_taken(server: Answering, body: str) -> None:
    server.body = body
    assert (offer(server.url, "words").taken, offer(server.url, "words").words) == (True, "HTTP 200")


@pytest.mark.parametrize("body", ["<!DOCTYPE html><title>Sign in</title>", "\n<html><form>", "<HTML>"])
def test_the_page_of_a_login_has_taken_nothing(server: Answering, body: str) -> None:
    server.body = body
    answer = offer(server.url, "words")
    assert (answer.taken, "login in front of the webhook" in answer.words) == (False, True)


@pytest.mark.parametrize("status", [301, 302, 307, 404, 410, 500])
def test_no_other_status_is_taken_and_no_redirect_is_followed(server: Answering, status: int) -> None:
    server.status, server.headers = status, {"Location": server.url}
    answer = offer(server.url, "words")
    assert (answer.taken, answer.words) == (False, f"HTTP {status}")


@pytest.mark.parametrize(
    ("body", "taken"),
    [("ok", True), ('{"ok":true}', True), ("", True), ("no_service", False), ('{"ok":false,"error":"x"}', False)],
)
def test_slack_s_errors_with_status_200_are_no_success(
    server: Answering, monkeypatch: pytest.MonkeyPatch, body: str, taken: bool
) -> None:
    monkeypatch.setattr(webhooks, "_SLACK", "127.0.0.1")
    server.body = body
    answer = offer(server.url, "words")
    assert answer.taken is taken
    assert taken or body[:80] in answer.words


def test_a_heartbeat_follows_to_another_address(server: Answering) -> None:
    assert beat(server.url)
    server.status = 500
    assert not beat(server.url)
