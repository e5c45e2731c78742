"""Tokens of Google: by a mailbox's refresh token, or by a service account that may act for the mailbox."""

import json
import time
from dataclasses import dataclass, field
from typing import Any, Final

import jwt
import requests
from pydantic import SecretStr

from config.errors import ConfigurationError
from rules.delivery import Phase, ServerReply
from services.transports.base import ConversationEnded
from services.transports.http_client import Https, failed_request
from services.transports.redaction import without

_SCOPE: Final = "https://mail.google.com/"
_RENEW_BEFORE_SECONDS: Final = 300.0
_ASSERTION_SECONDS: Final = 3_600
_SECRET: Final = ("client_secret", "refresh_token", "assertion")


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """Who signs, and with what."""

    client_email: str
    private_key: SecretStr

    @classmethod
    def from_json(cls, text: SecretStr) -> "ServiceAccount":
        """Read the key file that Google's console gives.

        :raises ConfigurationError: it is none
        """
        try:
            account = json.loads(text.get_secret_value())
            return cls(account["client_email"], SecretStr(account["private_key"]))
        except (ValueError, KeyError, TypeError):
            raise ConfigurationError(
                "OAUTH_SERVICE_ACCOUNT: should be the JSON key of a service account, with client_email and private_key"
            ) from None


@dataclass(slots=True)
class GoogleTokens:
    """Keeps its token and asks for the next one five minutes before the end."""

    token_url: str
    mailbox: str
    client_id: str | None
    client_secret: SecretStr | None
    refresh_token: SecretStr | None
    service_account: ServiceAccount | None
    https: Https
    kept: SecretStr | None = None
    renew_at: float = field(default=0.0)

    def token(self) -> SecretStr:
        """A token that is valid now.

        :raises Stopped: none was given
        """
        if self.kept is None or time.monotonic() >= self.renew_at:
            account = self.service_account
            answer = self.ask(self.assertion(account) if account else self.refreshing())
            self.kept = SecretStr(answer["access_token"])
            self.renew_at = time.monotonic() + float(answer.get("expires_in", 0)) - _RENEW_BEFORE_SECONDS
        return self.kept

    def ask(self, form: dict[str, str]) -> dict[str, Any]:
        self.kept = None
        try:
            response = self.https.request("POST", self.token_url, data=form)
        except requests.RequestException as error:
            raise ConversationEnded(failed_request(error, Phase.TOKEN)) from None
        answer = parsed(response)
        if response.status_code != 200 or "access_token" not in answer:
            said = f"{answer.get('error', response.reason)}: {answer.get('error_description', '')}"
            code = response.status_code if response.status_code >= 400 else 400
            raise ConversationEnded(
                ServerReply(Phase.TOKEN, code, without(said, *(form.get(name, "") for name in _SECRET))[:500])
            )
        return answer

    def refreshing(self) -> dict[str, str]:
        """RFC 6749, section 6."""
        return {
            "grant_type": "refresh_token",
            "client_id": self.client_id or "",
            "client_secret": self.client_secret.get_secret_value() if self.client_secret else "",
            "refresh_token": self.refresh_token.get_secret_value() if self.refresh_token else "",
        }

    def assertion(self, account: ServiceAccount) -> dict[str, str]:
        """RFC 7523, section 2.1: the service account signs that it acts for the mailbox."""
        now = int(time.time())
        claims = {
            "iss": account.client_email,
            "sub": self.mailbox,
            "scope": _SCOPE,
            "aud": self.token_url,
            "iat": now,
            "exp": now + _ASSERTION_SECONDS,
        }
        signed = jwt.encode(claims, account.private_key.get_secret_value(), algorithm="RS256")
        return {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": signed}


def parsed(response: requests.Response) -> dict[str, Any]:
    try:
        answer = response.json()
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}
