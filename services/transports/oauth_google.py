"""Tokens of Google (google-auth): by a mailbox's refresh token, or by a service account that acts for it."""

import json
from dataclasses import dataclass, field
from typing import Any, Final

from google.auth.exceptions import GoogleAuthError, TransportError
from google.auth.transport.requests import Request
from google.oauth2 import credentials, service_account
from pydantic import SecretStr
from requests import RequestException

from config.errors import ConfigurationError
from rules.delivery import Phase, ServerReply
from services.transports.base import ConversationEnded, without
from services.transports.http_client import HttpClient, failed_request

_SCOPE: Final = "https://mail.google.com/"


@dataclass(slots=True)
class GoogleTokens:
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


def by_refresh_token(token_url: str, client_id: str, client_secret: SecretStr, refresh_token: SecretStr) -> Any:
    """The credentials of a mailbox whose owner has agreed (RFC 6749, section 6)."""
    return credentials.Credentials(  # type: ignore[no-untyped-call]
        None,
        refresh_token=refresh_token.get_secret_value(),
        token_uri=token_url,
        client_id=client_id,
        client_secret=client_secret.get_secret_value(),
    )


def by_service_account(token_url: str, key_file: SecretStr, mailbox: str) -> Any:
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
