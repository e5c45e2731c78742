"""OAuth2 tokens: kept in this process, renewed before they expire, asked for anew after a refusal."""

from collections.abc import Callable
from typing import Any, TypeVar

from pydantic import SecretStr

from config.errors import ConfigurationError
from config.settings import Settings
from services.transports.http_client import HttpClient
from services.transports.oauth_google import GoogleTokens, by_refresh_token, by_service_account
from services.transports.oauth_microsoft import MicrosoftTokens

Value = TypeVar("Value")
_CONNECT_SECONDS = 10.0
_READ_SECONDS = 30.0


def token_source(settings: Settings, scope: str, mailbox: str) -> Callable[[], SecretStr]:
    """What gives a token that is valid now; it raises `ConversationEnded` with the answer when none is given.

    :raises ConfigurationError: names the setting that is missing
    """
    https = HttpClient(settings.https_ca_file, _CONNECT_SECONDS, _READ_SECONDS)
    if settings.oauth_provider == "google":
        return GoogleTokens(_google(settings, mailbox), https).token
    return MicrosoftTokens(
        authority=f"{settings.oauth_authority}/{_required('OAUTH_TENANT', settings.oauth_tenant)}",
        client_id=_required("OAUTH_CLIENT_ID", settings.oauth_client_id),
        credential=credential(settings),
        scope=scope,
        https=https,
    ).token


def credential(settings: Settings) -> str | dict[str, str]:
    """The secret, or key and certificate out of one PEM text, as msal takes them."""
    if settings.oauth_certificate:
        pem = settings.oauth_certificate.get_secret_value()
        if "PRIVATE KEY-----" not in pem or "BEGIN CERTIFICATE-----" not in pem:
            raise ConfigurationError("OAUTH_CERTIFICATE: should be PEM with the private key and the certificate")
        return {"private_key": pem, "public_certificate": pem[pem.index("-----BEGIN CERTIFICATE-----") :]}
    return _required("OAUTH_CLIENT_SECRET or OAUTH_CERTIFICATE", settings.oauth_client_secret).get_secret_value()


def _google(settings: Settings, mailbox: str) -> Any:
    if settings.oauth_service_account:
        return by_service_account(settings.oauth_token_url, settings.oauth_service_account, mailbox)
    return by_refresh_token(
        settings.oauth_token_url,
        _required("OAUTH_CLIENT_ID", settings.oauth_client_id),
        _required("OAUTH_CLIENT_SECRET", settings.oauth_client_secret),
        _required("OAUTH_REFRESH_TOKEN or OAUTH_SERVICE_ACCOUNT", settings.oauth_refresh_token),
    )


def _required(name: str, value: Value | None) -> Value:
    if not value:
        raise ConfigurationError(f"{name}: missing; logging in with a token needs it")
    return value
