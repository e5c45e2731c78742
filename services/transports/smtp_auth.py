"""Logging in: one mechanism, one try (RFC 4954; XOAUTH2 as Google and Microsoft describe it)."""

import base64
import hmac
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from pydantic import SecretStr

from rules.delivery import LocalFault, Phase, ServerReply
from services.transports.base import ConversationEnded, without
from services.transports.smtp_connection import SmtpConnection, expect

_BY_PREFERENCE: Final = {True: ("PLAIN", "LOGIN", "CRAM-MD5"), False: ("CRAM-MD5", "PLAIN", "LOGIN")}


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user and what proves it: `secret` gives the password or a fresh token; `mechanism` may be auto."""

    user: str
    secret: Callable[[], SecretStr]
    mechanism: str = "auto"


def log_in(conversation: SmtpConnection, credentials: Credentials) -> None:
    """Log in once.

    :raises ConversationEnded: the server refused, or offers no mechanism that fits
    """
    mechanism = _chosen(conversation, credentials.mechanism)
    secret = credentials.secret().get_secret_value()
    responses = _RESPONSES[mechanism](credentials.user, secret)
    command = f"{mechanism} {_encoded(next(responses)(b''))}" if mechanism == "PLAIN" else mechanism
    sent = [command.partition(" ")[2]]
    answer = conversation.ask(Phase.AUTH, "AUTH", command)
    for respond in responses:
        if answer.code != 334:
            break
        sent.append(_encoded(respond(_challenge_in(answer.text))))
        answer = conversation.ask(Phase.AUTH, sent[-1])
    if answer.code != 235:
        raise ConversationEnded(replace(answer, text=without(answer.text, secret, *sent)))
    expect(answer)


def _chosen(conversation: SmtpConnection, wanted: str) -> str:
    offered = conversation.esmtp_features.get("auth", "").upper().split()
    candidates = _BY_PREFERENCE[conversation.server.tls != "none"] if wanted == "auto" else (wanted.upper(),)
    for mechanism in candidates:
        if mechanism in offered:
            return mechanism
    text = f"AUTH offered: {' '.join(offered) or 'none'}; wanted: {' or '.join(candidates)}"
    raise ConversationEnded(ServerReply(Phase.AUTH, text=text, finding=LocalFault.NO_AUTH))


_Respond = Callable[[bytes], bytes]


def _plain(user: str, secret: str) -> Iterator[_Respond]:
    yield lambda _: f"\0{user}\0{secret}".encode()


def login(user: str, secret: str) -> Iterator[_Respond]:
    yield lambda _: user.encode()
    yield lambda _: secret.encode()


def _cram_md5(user: str, secret: str) -> Iterator[_Respond]:
    yield lambda challenge: f"{user} {hmac.new(secret.encode(), challenge, 'md5').hexdigest()}".encode()


def _xoauth2(user: str, secret: str) -> Iterator[_Respond]:
    yield lambda _: f"user={user}\1auth=Bearer {secret}\1\1".encode()
    # The server describes the error in a challenge; the empty answer makes it say the code.
    yield lambda _: b""


_RESPONSES: Final = {"PLAIN": _plain, "LOGIN": login, "CRAM-MD5": _cram_md5, "XOAUTH2": _xoauth2}


def _challenge_in(text: str) -> bytes:
    """What the server said in base64; as it stands when it is none, since most mechanisms do not need it."""
    try:
        return base64.b64decode(text)
    except ValueError:
        return text.encode()


def _encoded(response: bytes) -> str:
    return base64.b64encode(response).decode("ascii")
