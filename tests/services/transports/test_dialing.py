"""Connecting to a host with many addresses, of which some are dead."""

import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from rules.delivery import Phase, ReplyKind, classify
from services.transports.dialing import connect
from tests.https_server import HttpsServer
from tests.services.transports.conftest import Make, only, send
from tests.smtp_server import SmtpServer
from worker.embedded.ports import Port

HOST = "mail.example.com"
DEAD = [f"127.0.0.{number}" for number in range(2, 17)]


@contextmanager
def silent(address: str, port: int) -> Iterator[None]:
    """An address that answers nobody, as a host behind a firewall: its queue of connections is full."""
    with ExitStack() as stack:
        listening = stack.enter_context(socket.socket())
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((address, port))
        listening.listen(0)
        for _ in range(3):
            filling = stack.enter_context(socket.socket())
            filling.setblocking(False)
            filling.connect_ex((address, port))
        yield


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """What the resolver knows besides the rest."""
    known: dict[str, list[str]] = {}
    ask = socket.getaddrinfo

    def resolve(host: Any, port: Any, *arguments: Any, **options: Any) -> list[Any]:
        if host not in known:
            return ask(host, port, *arguments, **options)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in known[host]]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return known


def test_a_dead_address_costs_a_quarter_of_a_second(names: dict[str, list[str]], make: Make) -> None:
    with SmtpServer() as server, silent(DEAD[0], server.port), silent(DEAD[1], server.port):
        names[HOST] = [*DEAD[:2], "127.0.0.1"]
        began = time.monotonic()
        assert only(send(make(server, smtp_server=HOST, smtp_connect_seconds=20))).code == 250
        assert time.monotonic() - began < 5


def test_all_dead_addresses_together_have_one_deadline(names: dict[str, list[str]], make: Make) -> None:
    port = Port(None, "test").number
    with ExitStack() as stack:
        for address in DEAD:
            stack.enter_context(silent(address, port))
        names[HOST] = DEAD
        transport = make(smtp_server=HOST, smtp_port=port, smtp_use_tls=False, smtp_connect_seconds=2)
        began = time.monotonic()
        answer = only(send(transport))
        assert 2 <= time.monotonic() - began < 8
    assert "none of the 15 addresses of mail.example.com" in answer.text
    reply_class = classify(answer)
    assert (answer.phase, reply_class.kind) == (Phase.CONNECT, ReplyKind.TRANSIENT)
    assert "cannot be reached" in (reply_class.remedy or "")


def test_a_refused_address_is_passed_over_at_once(names: dict[str, list[str]]) -> None:
    with SmtpServer() as server:
        names[HOST] = [*DEAD, "127.0.0.1"]
        began = time.monotonic()
        with connect(HOST, server.port, 10) as connected:
            assert connected.getpeername()[0] == "127.0.0.1"
        assert time.monotonic() - began < 2


def test_where_all_refuse_the_last_reason_is_given(names: dict[str, list[str]]) -> None:
    names[HOST] = DEAD[:3]
    with pytest.raises(ConnectionRefusedError, match="Connection refused"):
        connect(HOST, Port(None, "test").number, 10)


def test_graph_has_one_deadline_over_all_addresses_too(
    names: dict[str, list[str]], make: Make, server_context: ssl.SSLContext, certificates: Path
) -> None:
    with HttpsServer(server_context) as cloud, ExitStack() as stack:
        port = cloud.server.server_port
        for address in DEAD:
            stack.enter_context(silent(address, port))
        names[HOST] = DEAD
        transport = make(
            mail_transport="graph", graph_url=f"https://{HOST}:{port}/v1.0", graph_mailbox="support@example.com",
            oauth_tenant="contoso", oauth_client_id="a", oauth_client_secret="b", oauth_authority=cloud.url,
            https_ca_file=certificates / "ca.pem", smtp_connect_seconds=2,
        )  # fmt: skip
        began = time.monotonic()
        answer = only(send(transport))
        assert 2 <= time.monotonic() - began < 10
    assert (answer.phase, classify(answer).kind) == (Phase.CONNECT, ReplyKind.TRANSIENT)
