"""Logging in with a token: where it comes from, how long it is kept, and what a refusal means."""

import json
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from config.errors import ConfigurationError
from rules.delivery import LocalFault, Phase, ReplyKind, classify
from tests.https_server import DISCOVERY, TENANT, TOKEN, HttpsServer, Response
from tests.services.transports.conftest import Make, only, send
from tests.smtp_server import SmtpServer

Serve = Callable[..., SmtpServer]
MAILBOX = "support@example.com"
TOKENS = {MAILBOX: "token-1"}


@pytest.fixture
def cloud(server_context: ssl.SSLContext) -> Iterator[HttpsServer]:
    with HttpsServer(server_context) as server:
        yield server


@pytest.fixture
def microsoft(cloud: HttpsServer, certificates: Path) -> dict[str, Any]:
    """The settings of an application at Microsoft."""
    return {
        "smtp_auth": "xoauth2",
        "smtp_username": MAILBOX,
        "oauth_tenant": TENANT,
        "oauth_client_id": "the-application",
        "oauth_client_secret": "the-secret",
        "oauth_authority": cloud.url,
        "https_ca_file": certificates / "ca.pem",
    }


@pytest.fixture
def google(cloud: HttpsServer, certificates: Path) -> dict[str, Any]:
    """The settings of an application at Google, without what proves it."""
    return {
        "smtp_auth": "xoauth2",
        "smtp_username": MAILBOX,
        "oauth_provider": "google",
        "oauth_token_url": f"{cloud.url}/token",
        "https_ca_file": certificates / "ca.pem",
    }


def mail_server(serve: Serve) -> SmtpServer:
    return serve(tls="starttls", users=dict(TOKENS), mechanisms="LOGIN XOAUTH2")


def test_the_token_of_an_application_logs_in(
    serve: Serve, make: Make, cloud: HttpsServer, microsoft: dict[str, Any]
) -> None:
    server = mail_server(serve)
    assert only(send(make(server, **microsoft))).code == 250
    [asked] = cloud.asked(TOKEN)
    assert {name: asked.form[name] for name in ("grant_type", "client_id", "client_secret", "scope")} == {
        "grant_type": "client_credentials",
        "client_id": "the-application",
        "client_secret": "the-secret",
        "scope": "https://outlook.office365.com/.default",
    }
    assert server.messages[0].user == MAILBOX


def test_a_certificate_does_instead_of_a_secret(
    serve: Serve, make: Make, cloud: HttpsServer, microsoft: dict[str, Any], certificates: Path
) -> None:
    pem = rsa_pem() + (certificates / "ca.pem").read_text()
    transport = make(mail_server(serve), **{**microsoft, "oauth_client_secret": None, "oauth_certificate": pem})
    assert only(send(transport)).code == 250
    [asked] = cloud.asked(TOKEN)
    assert asked.form["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def rsa_pem() -> str:
    return (
        rsa.generate_private_key(65537, 2048)
        .private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        .decode()
    )


def test_a_token_is_kept_and_renewed_before_it_expires(
    serve: Serve, make: Make, cloud: HttpsServer, microsoft: dict[str, Any]
) -> None:
    server = mail_server(serve)
    transport = make(server, **microsoft)
    for _ in range(3):
        assert transport.probe() is None
    assert cloud.tokens == 1

    cloud.expires_in = 299
    other = make(server, **microsoft)
    server.users[MAILBOX] = "token-2"
    assert other.probe() is None
    server.users[MAILBOX] = "token-3"
    assert other.probe() is None


@pytest.mark.parametrize(
    ("error", "hint"),
    [
        ("AADSTS7000215: Invalid client secret provided. Ensure the secret being sent", "not its id"),
        ("AADSTS7000222: The provided client secret keys for app are expired.", "has expired"),
        ("AADSTS700016: Application with identifier was not found in the directory", "OAUTH_CLIENT_ID"),
        ("AADSTS50034: something else", "admin consent"),
    ],
)
def test_a_refused_token_is_a_wrong_setting_and_no_login_is_tried(
    serve: Serve, make: Make, cloud: HttpsServer, microsoft: dict[str, Any], error: str, hint: str
) -> None:
    server = mail_server(serve)
    cloud.on(TOKEN, Response(401, {"error": "invalid_client", "error_description": error}))
    transport = make(server, **microsoft)

    answer = only(send(transport))

    reply_class = classify(answer, "microsoft")
    assert (answer.phase, reply_class.kind) == (Phase.TOKEN, ReplyKind.CONFIGURATION)
    assert hint in (reply_class.remedy or "")
    assert server.count("auth") == 0
    # Mended, it works at once.
    assert only(send(transport)).code == 250


def test_an_unknown_tenant_is_a_wrong_setting(
    serve: Serve, make: Make, cloud: HttpsServer, microsoft: dict[str, Any]
) -> None:
    cloud.on(DISCOVERY, Response(400, {"error": "invalid_tenant", "error_description": "AADSTS90002: no such tenant"}))
    answer = only(send(make(mail_server(serve), **microsoft)))
    assert (answer.phase, classify(answer).kind) == (Phase.TOKEN, ReplyKind.CONFIGURATION)


@pytest.mark.parametrize(
    ("part", "response", "phase"),
    [
        (TOKEN, Response(503), Phase.TOKEN),
        (DISCOVERY, Response(500), Phase.TOKEN),
        (TOKEN, Response(drop=True), Phase.TOKEN),
        (DISCOVERY, Response(drop=True), Phase.TOKEN),
    ],
)
def test_a_token_end_point_in_trouble_is_asked_again_later(
    serve: Serve, make: Make, cloud: HttpsServer, microsoft: dict[str, Any], part: str, response: Response, phase: Phase
) -> None:
    cloud.on(part, response)
    transport = make(mail_server(serve), **microsoft)
    answer = only(send(transport))
    assert (answer.phase, classify(answer).kind) == (phase, ReplyKind.TRANSIENT)
    assert only(send(transport)).code == 250


def test_a_token_end_point_with_a_wrong_certificate_is_not_talked_to(
    serve: Serve, make: Make, cloud: HttpsServer, microsoft: dict[str, Any]
) -> None:
    transport = make(mail_server(serve), **{**microsoft, "https_ca_file": None})
    answer = only(send(transport))
    assert answer.finding is LocalFault.CERTIFICATE
    assert cloud.requests == []


def test_a_token_that_the_mail_server_refuses_is_a_wrong_setting(
    serve: Serve, make: Make, microsoft: dict[str, Any]
) -> None:
    server = mail_server(serve)
    server.users[MAILBOX] = "another"
    answer = only(send(make(server, **microsoft)))
    assert (answer.phase, answer.code, answer.enhanced) == (Phase.AUTH, 535, "5.7.8")


@pytest.mark.parametrize("missing", ["oauth_tenant", "oauth_client_id", "oauth_client_secret"])
def test_a_missing_setting_is_named(serve: Serve, make: Make, microsoft: dict[str, Any], missing: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{missing.upper()}.*: missing"):
        make(mail_server(serve), **{**microsoft, missing: None})


def test_half_a_certificate_is_named(serve: Serve, make: Make, microsoft: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="OAUTH_CERTIFICATE: should be PEM"):
        make(mail_server(serve), **{**microsoft, "oauth_certificate": rsa_pem()})


def test_a_refresh_token_of_google_logs_in(
    serve: Serve, make: Make, cloud: HttpsServer, google: dict[str, Any]
) -> None:
    proof = {"oauth_client_id": "id", "oauth_client_secret": "secret", "oauth_refresh_token": "refresh"}
    transport = make(mail_server(serve), **google, **proof)
    assert only(send(transport)).code == 250
    assert transport.probe() is None
    [asked] = cloud.asked(TOKEN)
    assert asked.form == {
        "grant_type": "refresh_token", "client_id": "id", "client_secret": "secret", "refresh_token": "refresh",
    }  # fmt: skip


def test_a_service_account_of_google_acts_for_the_mailbox(
    serve: Serve, make: Make, cloud: HttpsServer, google: dict[str, Any]
) -> None:
    key = rsa_pem()
    account = json.dumps({"client_email": "robot@project.example", "private_key": key})
    assert only(send(make(mail_server(serve), **google, oauth_service_account=account))).code == 250
    [asked] = cloud.asked(TOKEN)
    public = serialization.load_pem_private_key(key.encode(), None).public_key()
    claims = jwt.decode(
        asked.form["assertion"],
        public,  # type: ignore[arg-type]
        algorithms=["RS256"],
        # Google wants to be called so, whatever the address is that it is reached at.
        audience="https://oauth2.googleapis.com/token",
    )
    assert (claims["iss"], claims["sub"], claims["scope"]) == (
        "robot@project.example", MAILBOX, "https://mail.google.com/",
    )  # fmt: skip


@pytest.mark.parametrize("account", ["{", "[]", '{"client_email": "x"}'])
def test_a_broken_key_of_a_service_account_is_named(
    serve: Serve, make: Make, google: dict[str, Any], account: str
) -> None:
    with pytest.raises(ConfigurationError, match="OAUTH_SERVICE_ACCOUNT: should be the JSON key"):
        make(mail_server(serve), **google, oauth_service_account=account)


def test_a_refused_refresh_token_is_a_wrong_setting(
    serve: Serve, make: Make, cloud: HttpsServer, google: dict[str, Any]
) -> None:
    cloud.on(TOKEN, Response(400, {"error": "invalid_grant", "error_description": "Token has been revoked."}))
    proof = {"oauth_client_id": "id", "oauth_client_secret": "secret", "oauth_refresh_token": "refresh"}
    answer = only(send(make(mail_server(serve), **google, **proof)))
    assert (answer.phase, answer.code, answer.text) == (Phase.TOKEN, 400, "invalid_grant: Token has been revoked.")
    assert classify(answer, "google").kind is ReplyKind.CONFIGURATION


def test_nothing_secret_is_shown(microsoft: dict[str, Any], make: Make, serve: Serve) -> None:
    transport = make(mail_server(serve), **microsoft)
    assert "the-secret" not in repr(vars(transport))
