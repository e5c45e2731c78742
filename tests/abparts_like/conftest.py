"""The stand-in under uvicorn, beside a real worker, on a database in one of the three shapes."""

import email
import email.policy
from collections.abc import Iterator
from contextlib import closing
from email.message import EmailMessage
from typing import Any
from uuid import uuid4

import httpx
import psycopg2
import pytest
from psycopg2.extras import RealDictCursor
from redis import Redis

from config.settings import Settings
from tests.abparts_like.shapes import STATEMENTS, Shape
from tests.conftest import command
from tests.processes import Processes, processes, wait_for
from tests.smtp_server import SmtpServer
from worker.embedded import EmbeddedPostgres, EmbeddedValkey
from worker.embedded.ports import HOST, Port


class Assistant:
    """The stand-in's pages, as a user's browser asks for them, and what came of it."""

    def __init__(self, client: httpx.Client, database_url: str, mails: SmtpServer) -> None:
        self.client, self.database_url, self.mails = client, database_url, mails
        self.user = str(uuid4())

    def post(self, path: str, user: str | None = None, **body: Any) -> dict[str, Any]:
        """Ask as a user who would be shown any error."""
        answer = self.client.post(path, json={"user_id": user or self.user, **body})
        assert answer.is_success, answer.text
        page: dict[str, Any] = answer.json()
        return page

    def say(self, message: str, session_id: str | None = None, **more: Any) -> str:
        """A message in the chat; returns the session's id."""
        return str(self.post("/chat", message=message, session_id=session_id, **more)["session_id"])

    def escalate(self, session_id: str, user: str | None = None, **form: Any) -> dict[str, Any]:
        return self.post(f"/users/{user or self.user}/sessions/{session_id}/escalate", **form)

    def rows(self, statement: str, *parameters: Any) -> list[dict[str, Any]]:
        with closing(psycopg2.connect(self.database_url)) as connection:
            connection.autocommit = True
            with connection.cursor(cursor_factory=RealDictCursor) as cursor:
                cursor.execute(statement, parameters)
                return [dict(row) for row in cursor.fetchall()]

    def tickets(self) -> dict[str, dict[str, Any]]:
        """Tickets by session."""
        return {row["session_id"]: row for row in self.rows("SELECT * FROM support_tickets")}

    def ticket(self, session_id: str) -> dict[str, Any]:
        """The session's ticket, once it is there."""
        wait_for(lambda: session_id in self.tickets(), f"a ticket of session {session_id}")
        return self.tickets()[session_id]

    def mail(self, ticket_number: str) -> EmailMessage:
        """The mail about a ticket, once it has arrived."""

        def about() -> list[EmailMessage]:
            read = [email.message_from_bytes(each.data, policy=email.policy.default) for each in self.mails.messages]
            return [mail for mail in read if ticket_number in mail["Subject"]]

        wait_for(about, f"a mail about {ticket_number}")
        return about()[0]


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


@pytest.fixture(params=list(Shape), scope="module")
def shape(request: pytest.FixtureRequest) -> Shape:
    return Shape(request.param)


@pytest.fixture(scope="module")
def mails() -> Iterator[SmtpServer]:
    with SmtpServer() as server:
        yield server


@pytest.fixture(scope="module")
def shaped_database_url(shape: Shape, postgres: EmbeddedPostgres) -> Iterator[str]:
    """ABParts' database in its shape, which the worker has not seen yet."""
    name = f"shaped_{shape}_{uuid4().hex[:8]}"
    command(postgres, f"CREATE DATABASE {name}")
    if shape is Shape.PRODUCTION:
        # Columns without a zone hold local time there.
        command(postgres, f"ALTER DATABASE {name} SET timezone = 'Europe/Athens'")
    url = postgres.url_of(name)
    with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        for statement in STATEMENTS[shape]:
            cursor.execute(statement)
    yield url
    command(postgres, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="module")
def family(
    shaped_database_url: str, valkey: EmbeddedValkey, mails: SmtpServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Processes]:
    """A worker on that database, which was adopted as an operator adopts it."""
    environment = {
        "DATABASE_URL": shaped_database_url,
        "REDIS_URL": valkey.url,
        "SUPPORT_EMAIL": "support@example.com",
        "SMTP_SERVER": mails.host,
        "SMTP_PORT": str(mails.port),
        "SMTP_USE_TLS": "false",
        "ESCALATION_EMBEDDED": "true",
    }
    with Redis.from_url(valkey.url) as redis:
        redis.flushall()
    with pytest.MonkeyPatch.context() as patch:
        for name in Settings.model_fields:
            patch.delenv(name.upper(), raising=False)
        with processes(environment, tmp_path_factory.mktemp("family")) as family:
            convert(family, shaped_database_url)
            adoption = family.start("worker", "db", "migrate")
            assert adoption.popen.wait(120) == 0, adoption.output
            family.worker()
            yield family


def convert(family: Processes, database_url: str) -> None:
    """Run what `db check --sql` prints; for the shapes of today it is a remark."""
    check = family.start("worker", "db", "check", "--sql")
    assert check.popen.wait(60) == 0, check.output
    if check.output.startswith("--"):
        return
    with closing(psycopg2.connect(database_url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(check.output)


@pytest.fixture(scope="module")
def pages(family: Processes, valkey: EmbeddedValkey) -> Iterator[httpx.Client]:
    """The stand-in's pages; at the end it must have published everything."""
    reserved = Port(None, "uvicorn")
    server = family.start(
        "uvicorn", "--host", HOST, "--port", str(reserved.number), "tests.abparts_like.application:app",
        ESCALATION_WORKER="on", ESCALATION_REDIS_URL=valkey.url, ESCALATION_SPOOL=str(family.folder / "spool"),
    )  # fmt: skip
    server.said("Application startup complete")
    with httpx.Client(base_url=f"http://{HOST}:{reserved.number}", timeout=30) as client:
        yield client
    server.stop()
    assert "an event was not published" not in server.output


@pytest.fixture
def assistant(pages: httpx.Client, shaped_database_url: str, mails: SmtpServer) -> Assistant:
    """The assistant as a user sees it who was never there before."""
    return Assistant(pages, shaped_database_url, mails)
