"""A mail server that does what a test says, and a worker's settings that name it."""

import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection

from config.settings import Settings, get_settings
from services.database import engine as database
from services.events import stream
from services.installation import get_installation
from services.transports.factory import close_transport
from tests.https_server import TENANT, HttpsServer
from tests.services.delivery.office import Office
from tests.services.delivery.postfix import PASSWORD, USER, Postfix, postfix
from tests.smtp_server import SmtpServer
from worker.celery_app import app
from worker.embedded.certificates import make_certificates

CACHED = (get_settings, database.engine, stream.client_of, get_installation)
Setting = Callable[..., None]


@pytest.fixture
def smtp() -> Iterator[SmtpServer]:
    with SmtpServer(users={"sender": "sesame"}) as server:
        yield server


@pytest.fixture
def setting(database_url: str, redis_url: str, smtp: SmtpServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Setting]:
    """Sets settings as the environment would; at first those of a worker with the test's servers."""

    def set_all(**values: object) -> None:
        for name, value in values.items():
            monkeypatch.setenv(name.upper(), str(value))
        forget()

    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    set_all(
        database_url=database_url,
        redis_url=redis_url,
        support_email="support@example.com",
        from_email="sender@example.com",
        escalation_embedded="true",
        smtp_server="127.0.0.1",
        smtp_port=smtp.port,
        smtp_use_tls="false",
        smtp_username="sender",
        smtp_password="sesame",
        # The server is a thread of this process, which may be busy.
        smtp_connect_seconds=20,
        smtp_command_seconds=20,
        smtp_reply_seconds=20,
        lock_timeout_seconds=1,
    )
    app.conf.update(broker_url=redis_url)
    app.set_current()
    yield set_all
    database.engine().dispose()
    forget()


@pytest.fixture
def impatient(setting: Setting) -> None:
    """Of a server that says nothing enough is known in a second."""
    setting(smtp_connect_seconds=1, smtp_command_seconds=1, smtp_reply_seconds=1)


def forget() -> None:
    close_transport()
    for cached in CACHED:
        cached.cache_clear()


@pytest.fixture
def cloud(setting: Setting, tmp_path: Path) -> Iterator[HttpsServer]:
    """Microsoft's cloud: the settings name its Graph as the way to send."""
    make_certificates(tmp_path / "ca.pem", tmp_path / "server.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.pem")
    with HttpsServer(context) as server:
        setting(
            mail_transport="graph", graph_url=f"{server.url}/v1.0", graph_mailbox="support@example.com",
            oauth_tenant=TENANT, oauth_client_id="the-application", oauth_client_secret="the-secret",
            oauth_authority=server.url, https_ca_file=tmp_path / "ca.pem",
        )  # fmt: skip
        yield server


@pytest.fixture
def connection(setting: Setting) -> Iterator[Connection]:
    """A connection that sees what others commit: each statement is a transaction of its own."""
    with database.make_engine(get_settings()).connect() as connection:
        yield connection.execution_options(isolation_level="AUTOCOMMIT")
    connection.engine.dispose()


@pytest.fixture
def office(connection: Connection, smtp: SmtpServer) -> Office:
    return Office(connection, smtp)


@pytest.fixture(scope="session")
def server(server_folder: Path) -> Iterator[Postfix]:
    """A real mail server; `ca.pem` beside its folder is its authority."""
    make_certificates(server_folder / "ca.pem", server_folder / "certificate.pem")
    (server_folder / "postfix").mkdir(mode=0o755)
    with postfix(server_folder / "postfix", server_folder / "certificate.pem") as running:
        yield running


@pytest.fixture
def sender(server: Postfix, setting: Setting, office: Office) -> Iterator[Office]:
    """An office whose mail goes to the real server."""
    setting(
        smtp_server="localhost", smtp_port=server.port, smtp_use_tls="true",
        smtp_ca_file=server.folder.parent / "ca.pem", smtp_username=USER, smtp_password=PASSWORD,
    )  # fmt: skip
    yield office
    server.empty()
