"""Microsoft Graph: the same MIME bytes as by SMTP, posted to sendMail."""

import base64
import re
from collections.abc import Callable, Collection, Sequence
from functools import partial
from threading import Lock
from typing import Final
from urllib.parse import quote, urlsplit

import requests
from pydantic import SecretStr

from config.settings import Settings
from rules.delivery import Phase, ServerReply
from services.transports.base import BeginBody, ConversationEnded, Envelope, Transport, TransportAccount, without
from services.transports.http_client import HttpClient, RequestBody, failed_request, retry_after
from services.transports.oauth import token_source
from services.transports.thread_channel import ThreadChannel

# A header and its folded lines (RFC 5322, 2.2.3).
_RECIPIENT_HEADERS: Final = re.compile(rb"^(?:To|Cc|Bcc):.*(?:\r\n[ \t].*)*\r\n", re.IGNORECASE | re.MULTILINE)
_FOLD: Final = ",\r\n "
_EXPIRED: Final = 401


def _addressed_to(message: bytes, recipients: Sequence[str]) -> bytes:
    """The message with one To header for these addresses, in place of those for whoever has it already."""
    head, separator, body = message.partition(b"\r\n\r\n")
    kept = _RECIPIENT_HEADERS.sub(b"", head + b"\r\n").removesuffix(b"\r\n")
    return f"To: {_FOLD.join(recipients)}\r\n".encode() + kept + separator + body


def graph_host(settings: Settings) -> str:
    return urlsplit(settings.graph_url).hostname or ""


class _Token:
    """The token of all requests. The first that finds it refused asks for a new one, the others take what comes of it.

    `is_there`: the last one that was asked for was given.
    """

    def __init__(self, new_source: Callable[[], Callable[[], SecretStr]]) -> None:
        self._lock = Lock()
        self._new_source = new_source
        self._source = new_source()
        self._refused: SecretStr | None = None
        self._failure: ServerReply | None = None
        self.is_there = False

    def get(self) -> SecretStr:
        """A token that should be valid.

        :raises ConversationEnded: none was given
        """
        with self._lock:
            return self._ask()

    def replace(self, refused: SecretStr | None) -> SecretStr:
        """A token that was asked for since this one was refused, once for all that used it.

        :raises ConversationEnded: none was given
        """
        with self._lock:
            if refused is None or refused != self._refused:
                self._refused, self._source, self._failure = refused, self._new_source(), None
            if self._failure:
                raise ConversationEnded(self._failure)
            try:
                return self._ask()
            except ConversationEnded as stop:
                self._failure = stop.answer
                raise

    def _ask(self) -> SecretStr:
        try:
            token = self._source()
        except ConversationEnded:
            self.is_there = False
            raise
        self.is_there = True
        return token


class GraphTransport:
    """Graph takes the recipients from the message's headers, so those are made to name the envelope's.

    Requests of several threads share the connections and the token.
    """

    def __init__(self, account: TransportAccount, settings: Settings) -> None:
        self.account = account
        mailbox = settings.graph_mailbox or settings.sender
        self.url = f"{settings.graph_url}/users/{quote(mailbox)}/sendMail"
        self.https = HttpClient(settings.https_ca_file, settings.smtp_connect_seconds, settings.smtp_reply_seconds)
        self._token = _Token(partial(token_source, settings, settings.graph_scope, ""))

    @property
    def is_open(self) -> bool:
        return self._token.is_there

    def send(self, envelope: Envelope, message: bytes, begin_body: BeginBody) -> dict[str, ServerReply]:
        try:
            token = self._token.get()
        except ConversationEnded as stop:
            return dict.fromkeys(envelope.recipients, stop.answer)
        body = base64.b64encode(_addressed_to(message, envelope.recipients))
        begin_body(envelope.recipients)
        return dict.fromkeys(envelope.recipients, self.post_again_with_new_token(token, body))

    def post_again_with_new_token(self, token: SecretStr, body: bytes) -> ServerReply:
        """A token may be withdrawn before its time: a new one is tried at once, since nothing was taken."""
        answer = self.post(token, body)
        if answer.phase is not Phase.POST or answer.code != _EXPIRED:
            return answer
        try:
            newer = self._token.replace(token)
        except ConversationEnded as stop:
            return stop.answer
        return answer if newer == token else self.post(newer, body)

    def post(self, token: SecretStr, body: bytes) -> ServerReply:
        """Nothing is known of a message whose body had begun and whose answer did not come whole."""
        headers = {"Authorization": f"Bearer {token.get_secret_value()}", "Content-Type": "text/plain"}
        sent = RequestBody(body)
        try:
            # As a stream: the status counts, whatever becomes of the words behind it.
            with self.https.request("POST", self.url, data=sent, headers=headers, stream=True) as response:
                words = without(_words_of(response), token.get_secret_value())[:500]
                return ServerReply(Phase.POST, response.status_code, words, retry_after=retry_after(response.headers))
        except requests.RequestException as error:
            return failed_request(error, Phase.POST if sent.begun else Phase.CONNECT)

    def prepare(self) -> ServerReply | None:
        """Get a token; more cannot be tried without sending."""
        return _failure_of(self._token.get)

    def probe(self) -> ServerReply | None:
        return _failure_of(partial(self._token.replace, None))

    def close(self) -> None:
        self.https.close()

    def another(self, used: Collection[Transport]) -> Transport:
        return self

    def channel(self) -> ThreadChannel:
        return ThreadChannel(self)


def _failure_of(get: Callable[[], SecretStr]) -> ServerReply | None:
    try:
        get()
    except ConversationEnded as stop:
        return stop.answer
    return None


def _words_of(response: requests.Response) -> str:
    """Graph's error code and message, or the plain reason."""
    try:
        error = response.json()["error"]
        return f"{error['code']}: {error['message']}"
    except (requests.RequestException, ValueError, KeyError, TypeError):
        return response.reason or ""
