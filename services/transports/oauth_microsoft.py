"""Tokens of Microsoft Entra by client credentials (msal)."""

from dataclasses import dataclass, field
from typing import Any

import requests
from msal import ConfidentialClientApplication
from msal.exceptions import MsalError
from pydantic import SecretStr

from rules.delivery import Phase, ServerReply
from services.transports.base import ConversationEnded, without
from services.transports.http_client import HttpClient, failed_request


@dataclass(slots=True)
class MicrosoftTokens:
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
