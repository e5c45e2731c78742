"""Servers that repeat what they were sent when they refuse it: nothing of it is logged, printed or stored."""

import base64
import json
import logging
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote_plus

import pytest
from typer.testing import CliRunner

from config.settings import get_settings
from services.transports.base import HIDDEN
from tests.https_server import SEND, TENANT, TOKEN, HttpsServer, Request, Response
from tests.security.planted import mark
from tests.services.delivery.conftest import Setting, connection, office, setting, smtp
from tests.services.delivery.office import Office
from tests.services.transports.conftest import certificates, server_context
from tests.services.transports.test_tokens import rsa_pem
from tests.smtp_session import Session
from worker.commands import cli
from worker.doctor.mail import check as examine_mail

__all__ = ["certificates", "connection", "office", "server_context", "setting", "smtp"]

ACCESS_TOKEN = mark("access_token")
SECRET, REFRESH, PASSWORD = mark("oauth_client_secret"), mark("oauth_refresh_token"), mark("smtp_password")
KEY = rsa_pem()
TEST = "mail test --to a@example.com"
COMMANDS = ("mail list --json", TEST, "mail probe")
STORED = ("delivery_attempts", "mail_accounts", "mail_recipients", "alerts", "outcomes")


class Parrot(HttpsServer):
    """Repeats in its error every member of the form, and the header with the token, as they came and decoded."""

    def answer(self, request: Request) -> Response:
        if request.part == TOKEN and not self.expires_in:
            words = f"AADSTS7000215: Invalid client secret provided: {request.form} {request.body.decode()}"
            return Response(401, {"error": "invalid_client", "error_description": words})
        if request.part == SEND:
            words = f"Access token validation failure: {request.headers['Authorization']}"
            return Response(403, {"error": {"code": "ErrorAccessDenied", "message": words}})
        return super().answer(request)

    def new_token(self) -> Response:
        return Response(body={"token_type": "Bearer", "expires_in": 3600, "access_token": ACCESS_TOKEN})


@pytest.fixture
def cloud(server_context: ssl.SSLContext) -> Iterator[HttpsServer]:
    with Parrot(server_context) as server:
        yield server


@pytest.fixture
def chosen(setting: Setting, office: Office, cloud: HttpsServer, certificates: Path) -> Callable[[str], None]:
    """Sets one way to log in, at servers that refuse it."""
    microsoft = {"oauth_tenant": TENANT, "oauth_client_id": "the-application", "oauth_authority": cloud.url}
    google = {"oauth_provider": "google", "oauth_token_url": f"{cloud.url}/token"}
    account = json.dumps({"client_email": "robot@project.example", "private_key": KEY})
    of_application = {"oauth_client_id": "id", "oauth_client_secret": SECRET}
    certificate = KEY + (certificates / "ca.pem").read_text()
    ways: dict[str, dict[str, object]] = {
        "password": {},
        "secret of an application": {**microsoft, "oauth_client_secret": SECRET},
        "certificate of an application": {**microsoft, "oauth_certificate": certificate},
        "refresh token": {**google, **of_application, "oauth_refresh_token": REFRESH},
        "service account": {**google, "oauth_service_account": account},
        "token at the mail server": {**microsoft, "oauth_client_secret": SECRET},
        "token at Graph": {**microsoft, "oauth_client_secret": SECRET, "mail_transport": "graph",
                           "graph_url": f"{cloud.url}/v1.0"},
    }  # fmt: skip

    def choose(way: str) -> None:
        setting(https_ca_file=certificates / "ca.pem", smtp_password=PASSWORD, **ways[way])
        if way != "password":
            setting(smtp_auth="xoauth2")
        # Without a token's life the end point refuses to give one.
        cloud.expires_in = 3600 if way.startswith("token") else 0
        office.server.mechanisms = "PLAIN XOAUTH2"
        office.server.on_every("auth", repeat)

    return choose


def repeat(session: Session) -> str:
    """Refuse the login with the words in which it came: the line's argument, or the answer to a challenge."""
    mechanism, _, initial = session.argument.partition(" ")
    response = base64.b64decode(initial).decode() if initial else session.challenge("")
    secret = response.strip("\1").rpartition("\0" if mechanism == "PLAIN" else " ")[2]
    return f"535 5.7.8 cannot take {secret}, that is {base64.b64encode(response.encode()).decode()}"


def in_base64(secret: str) -> str:
    """As the mechanism PLAIN, or XOAUTH2, sends it for this user."""
    response = f"\0sender\0{secret}" if secret == PASSWORD else f"user=sender\1auth=Bearer {secret}\1\1"
    return base64.b64encode(response.encode()).decode()


def secrets_sent(cloud: HttpsServer) -> set[str]:
    """What left this process in requests, as much of it as has room in a reply that is cut."""
    forms = [request.form for request in cloud.asked(TOKEN)]
    named = ("client_secret", "refresh_token", "assertion", "client_assertion")
    return {form[name][:60] for form in forms for name in named if name in form}


@pytest.mark.parametrize(
    "way",
    [
        "password",
        "secret of an application",
        "certificate of an application",
        "refresh token",
        "service account",
        "token at the mail server",
        "token at Graph",
    ],
)
def test_what_a_server_repeats_is_told_nowhere(
    way: str,
    chosen: Callable[[str], None],
    office: Office,
    cloud: HttpsServer,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    chosen(way)
    mail_id = office.queue("a mail")
    office.send()
    told = {command: CliRunner().invoke(cli, command.split()).output for command in COMMANDS}
    told["show"] = CliRunner().invoke(cli, ["mail", "show", str(mail_id), "--json"]).output
    told["doctor"] = " ".join(f"{one.found} {one.remedy}" for one in examine_mail(get_settings()))
    # Graph gives its token, and says no more until a mail is sent.
    assert (HIDDEN in told["doctor"]) is (way != "token at Graph")
    assert HIDDEN in told[TEST]
    for table in STORED:
        told[table] = json.dumps(office.rows(f"SELECT * FROM escalation.{table}"), default=str)
    assert HIDDEN in told["mail_accounts"]
    told |= {"logs": caplog.text, "printed": "".join(capfd.readouterr()), "settings": repr(get_settings())}

    secrets = {PASSWORD, SECRET, REFRESH, ACCESS_TOKEN, KEY.splitlines()[1], *secrets_sent(cloud)}
    searched = secrets | {in_base64(PASSWORD), in_base64(ACCESS_TOKEN)} | {quote_plus(secret) for secret in secrets}
    assert {(place, secret) for place, text in told.items() for secret in searched if secret in text} == set()
