"""Servers with a certificate of an authority of their own, and a transport that talks to them."""

import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from config.settings import Settings
from rules.delivery import ServerReply
from services.transports.base import Envelope, Transport
from services.transports.factory import make_transport
from tests.smtp_server import SmtpServer
from worker.embedded.certificates import make_certificates

MESSAGE = b"From: sender@example.com\r\nSubject: hello\r\nMessage-ID: <1@example.com>\r\n\r\nhello\r\n.dot\r\n"
Make = Callable[..., Transport]


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `ca.pem`, and `server.pem` for localhost and 127.0.0.1."""
    folder = tmp_path_factory.mktemp("certificates")
    make_certificates(folder / "ca.pem", folder / "server.pem")
    return folder


@pytest.fixture(scope="session")
def server_context(certificates: Path) -> ssl.SSLContext:
    """The server's side of TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "server.pem")
    return context


@pytest.fixture
def serve(server_context: ssl.SSLContext) -> Iterator[Callable[..., SmtpServer]]:
    """Starts servers; they stop with the test."""
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(SmtpServer(context=server_context, **options))


def settings(**values: Any) -> Settings:
    """Settings with nothing from this environment but what is said here."""
    base: dict[str, Any] = {
        "database_url": "postgresql://nobody@localhost/none",
        "redis_url": "redis://localhost:1/0",
        "smtp_server": "127.0.0.1",
        "from_email": "sender@example.com",
        # The server is a thread of this process, which may be busy.
        "smtp_connect_seconds": 20,
        "smtp_command_seconds": 20,
        "smtp_reply_seconds": 20,
    }
    return Settings(**{**base, **values})


# Of a server that says nothing enough is known in a second.
IMPATIENT = {"smtp_connect_seconds": 1, "smtp_command_seconds": 1, "smtp_reply_seconds": 1}


@pytest.fixture
def make(certificates: Path) -> Iterator[Make]:
    """Makes transports for a server from settings; their connections end with the test."""
    made: list[Transport] = []

    def transport(server: SmtpServer | None = None, **values: Any) -> Transport:
        known: dict[str, Any] = {"smtp_ca_file": certificates / "ca.pem"}
        if server:
            known |= {
                "smtp_port": server.port,
                "smtp_use_tls": server.tls == "starttls",
                "smtp_use_ssl": server.tls == "ssl",
            }
        made.append(make_transport(settings(**{**known, **values})))
        return made[-1]

    yield transport
    for one in made:
        one.close()


def send(
    transport: Transport,
    *recipients: str,
    message: bytes = MESSAGE,
    begin_body: Callable[[Sequence[str]], None] = lambda _: None,
    needs_smtputf8: bool = False,
) -> dict[str, ServerReply]:
    """Hand a message over to these recipients, or one."""
    to = recipients or ("reader@example.com",)
    return transport.send(Envelope("sender@example.com", to, needs_smtputf8), message, begin_body)


def only(answers: dict[str, ServerReply]) -> ServerReply:
    [answer] = answers.values()
    return answer
