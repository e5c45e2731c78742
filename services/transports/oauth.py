"""OAuth2 tokens of Google and Microsoft: kept in the process, renewed before they expire, asked for anew if refused."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import requests
from google.auth.exceptions import GoogleAuthError, TransportError
from google.auth.transport.requests import Request
from google.oauth2 import credentials, service_account
from msal import ConfidentialClientApplication
from msal.exceptions import MsalError
from pydantic import SecretStr
from requests import RequestException

from config.errors import ConfigurationError
from config.settings import Settings
from rules.delivery import Phase, ServerReply
from services.transports.base import ConversationEnded, without
from services.transports.http_client import HttpClient, failed_request

_Value = TypeVar("_Value")
_CONNECT_SECONDS = 10.0
_READ_SECONDS = 30.0
_SCOPE: Final = "https://mail.google.com/"


@dataclass(slots=True)
class _GoogleTokens:
    """google-auth keeps the token and asks for the next one some minutes before the end."""

    credentials: Any = field(repr=False)
    https: HttpClient

    def token(self) -> SecretStr:
        """A token that is valid now.

        :raises ConversationEnded: none was given
        """
        try:
            if not self.credentials.valid:
                self.credentials.refresh(Request(self.https))
        except GoogleAuthError as error:
            raise ConversationEnded(self.failure(error)) from None
        return SecretStr(self.credentials.token)

    def failure(self, error: GoogleAuthError) -> ServerReply:
        cause = error.__cause__
        if isinstance(error, TransportError) and isinstance(cause, RequestException):
            return failed_request(cause, Phase.TOKEN)
        secrets = (getattr(self.credentials, name, None) or "" for name in ("client_secret", "refresh_token"))
        words = without(str(error.args[0]) if error.args else type(error).__name__, *secrets)
        # An answer without a token is no success, whatever its status.
        status = max(self.https.status or 400, 400)
        return ServerReply(Phase.TOKEN, status, words[:500], retry_after=self.https.retry_after)


def _by_refresh_token(token_url: str, client_id: str, client_secret: SecretStr, refresh_token: SecretStr) -> Any:
    """The credentials of a mailbox whose owner has agreed (RFC 6749, section 6)."""
    return credentials.Credentials(  # type: ignore[no-untyped-call]
        None,
        refresh_token=refresh_token.get_secret_value(),
        token_uri=token_url,
        client_id=client_id,
        client_secret=client_secret.get_secret_value(),
    )


def _by_service_account(token_url: str, key_file: SecretStr, mailbox: str) -> Any:
    """The credentials of a service account that acts for the mailbox (RFC 7523, section 2.1).

    :raises ConfigurationError: `key_file` is not the content of a key file of Google's console
    """
    try:
        account = {**json.loads(key_file.get_secret_value()), "token_uri": token_url}
        return service_account.Credentials.from_service_account_info(  # type: ignore[no-untyped-call]
            account, scopes=[_SCOPE], subject=mailbox
        )
    except (ValueError, KeyError, TypeError):
        raise ConfigurationError(
            "OAUTH_SERVICE_ACCOUNT: should be the JSON key of a service account, with client_email and private_key"
        ) from None


@dataclass(slots=True)
class _MicrosoftTokens:
    """One msal application: it keeps its token and asks for the next one five minutes before the end."""

    authority: str
    client_id: str
    credential: str | dict[str, str] = field(repr=False)
    scope: str
    https: HttpClient
    application: Any = None

    def token(self) -> SecretStr:
        """A token that is valid now.

        :raises ConversationEnded: none was given
        """
        try:
            result = self.connected().acquire_token_for_client([self.scope])
        except (requests.RequestException, MsalError, ValueError) as error:
            self.forget()
            raise ConversationEnded(self.failure(error)) from None
        if "access_token" in result:
            return SecretStr(result["access_token"])
        self.forget()
        raise ConversationEnded(
            ServerReply(
                Phase.TOKEN,
                self.https.status or 400,
                self.harmless(_explained(result))[:500],
                retry_after=self.https.retry_after,
            )
        )

    def connected(self) -> Any:
        if self.application is None:
            # The end point is the one that the operator named, so nobody else has to vouch for it.
            self.application = ConfidentialClientApplication(
                self.client_id,
                client_credential=self.credential,
                authority=self.authority,
                http_client=self.https,
                instance_discovery=False,
            )
        return self.application

    def forget(self) -> None:
        """After a failure: msal would repeat the same answer for a minute without asking."""
        self.application = None

    def failure(self, error: Exception) -> ServerReply:
        """An error status is msal's error, no connection that of requests; a ValueError is msal's word for a tenant
        that the end point does not know, for a throttled discovery, and for a key that it cannot read."""
        if isinstance(error, requests.RequestException):
            return failed_request(error, Phase.TOKEN)
        status = self.https.status or 0
        if status < 400:
            status = 400 if isinstance(error, ValueError) else 500
        words = self.harmless(str(error))[:300]
        return ServerReply(Phase.TOKEN, status, words, retry_after=self.https.retry_after)

    def harmless(self, text: str) -> str:
        """A key never leaves this process; a secret does."""
        return without(text, self.credential) if isinstance(self.credential, str) else without(text)


def _explained(result: dict[str, Any]) -> str:
    """The error as the end point said it, in one line."""
    description = str(result.get("error_description", "")).splitlines()
    return f"{result.get('error', 'no token')}: {description[0] if description else ''}"


def token_source(settings: Settings, scope: str, mailbox: str) -> Callable[[], SecretStr]:
    """What gives a token that is valid now; it raises `ConversationEnded` with the answer when none is given.

    :raises ConfigurationError: names the setting that is missing
    """
    https = HttpClient(settings.https_ca_file, _CONNECT_SECONDS, _READ_SECONDS)
    if settings.oauth_provider == "google":
        return _GoogleTokens(_google(settings, mailbox), https).token
    return _MicrosoftTokens(
        authority=f"{settings.oauth_authority}/{_required('OAUTH_TENANT', settings.oauth_tenant)}",
        client_id=_required("OAUTH_CLIENT_ID", settings.oauth_client_id),
        credential=_credential(settings),
        scope=scope,
        https=https,
    ).token


def _credential(settings: Settings) -> str | dict[str, str]:
    """The secret, or key and certificate out of one PEM text, as msal takes them."""
    if settings.oauth_certificate:
        pem = settings.oauth_certificate.get_secret_value()
        if "PRIVATE KEY-----" not in pem or "BEGIN CERTIFICATE-----" not in pem:
            raise ConfigurationError("OAUTH_CERTIFICATE: should be PEM with the private key and the certificate")
        return {"private_key": pem, "public_certificate": pem[pem.index("-----BEGIN CERTIFICATE-----") :]}
    return _required("OAUTH_CLIENT_SECRET or OAUTH_CERTIFICATE", settings.oauth_client_secret).get_secret_value()


def _google(settings: Settings, mailbox: str) -> Any:
    if settings.oauth_service_account:
        return _by_service_account(settings.oauth_token_url, settings.oauth_service_account, mailbox)
    return _by_refresh_token(
        settings.oauth_token_url,
        _required("OAUTH_CLIENT_ID", settings.oauth_client_id),
        _required("OAUTH_CLIENT_SECRET", settings.oauth_client_secret),
        _required("OAUTH_REFRESH_TOKEN or OAUTH_SERVICE_ACCOUNT", settings.oauth_refresh_token),
    )


def _required(name: str, value: _Value | None) -> _Value:
    if not value:
        raise ConfigurationError(f"{name}: missing; logging in with a token needs it")
    return value
