"""OAuth2 tokens: kept in this process, renewed before they expire, asked for anew after a refusal."""

from collections.abc import Callable
from typing import TypeVar

from pydantic import SecretStr

from config.errors import ConfigurationError
from config.settings import Settings
from services.transports.http_client import Https
from services.transports.oauth_google import GoogleTokens, ServiceAccount
from services.transports.oauth_microsoft import MicrosoftTokens

Value = TypeVar("Value")
_CONNECT_SECONDS = 10.0
_READ_SECONDS = 30.0


def token_source(settings: Settings, scope: str, mailbox: str) -> Callable[[], SecretStr]:
    """What gives a token that is valid now; it raises `Stopped` with the answer when none is given.

    :raises ConfigurationError: names the setting that is missing
    """
    https = Https(settings.https_ca_file, _CONNECT_SECONDS, _READ_SECONDS)
    if settings.oauth_provider == "google":
        return _google(settings, https, mailbox).token
    return _microsoft(settings, https, scope).token


def _microsoft(settings: Settings, https: Https, scope: str) -> MicrosoftTokens:
    return MicrosoftTokens(
        authority=f"{settings.oauth_authority}/{_required('OAUTH_TENANT', settings.oauth_tenant)}",
        client_id=_required("OAUTH_CLIENT_ID", settings.oauth_client_id),
        credential=credential(settings),
        scope=scope,
        https=https,
    )


def credential(settings: Settings) -> str | dict[str, str]:
    """The secret, or key and certificate out of one PEM text, as msal takes them."""
    if settings.oauth_certificate:
        pem = settings.oauth_certificate.get_secret_value()
        if "PRIVATE KEY-----" not in pem or "BEGIN CERTIFICATE-----" not in pem:
            raise ConfigurationError("OAUTH_CERTIFICATE: should be PEM with the private key and the certificate")
        return {"private_key": pem, "public_certificate": pem[pem.index("-----BEGIN CERTIFICATE-----") :]}
    return _required("OAUTH_CLIENT_SECRET or OAUTH_CERTIFICATE", settings.oauth_client_secret).get_secret_value()


def _google(settings: Settings, https: Https, mailbox: str) -> GoogleTokens:
    account = settings.oauth_service_account
    if not account:
        _required("OAUTH_REFRESH_TOKEN or OAUTH_SERVICE_ACCOUNT", settings.oauth_refresh_token)
        _required("OAUTH_CLIENT_ID", settings.oauth_client_id)
        _required("OAUTH_CLIENT_SECRET", settings.oauth_client_secret)
    return GoogleTokens(
        token_url=settings.oauth_token_url,
        mailbox=mailbox,
        client_id=settings.oauth_client_id,
        client_secret=settings.oauth_client_secret,
        refresh_token=settings.oauth_refresh_token,
        service_account=ServiceAccount.from_json(account) if account else None,
        https=https,
    )


def _required(name: str, value: Value | None) -> Value:
    if not value:
        raise ConfigurationError(f"{name}: missing; logging in with a token needs it")
    return value
