"""What must hold for any input of a kind, as functions that fail on the first that breaks it.

Hypothesis and the fuzzer feed the same functions.
"""

import itertools
import socket
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from config.contacts import load_contacts
from config.errors import ConfigurationError
from config.lexicon import load_lexicon
from config.policy import load_policy
from escalation_client.events import InvalidEvent, decode, encode
from escalation_client.events.json_values import storable
from rules.contacts import ContactBook
from rules.delivery import Case, Phase, ReplyKind, ServerReply, Times, classify, next_transition
from rules.detection import detect
from rules.policy import Policy
from services.transports.base import Budget, ConversationEnded, Envelope
from services.transports.dialing import tls_context
from services.transports.smtp_auth import Credentials, log_in
from services.transports.smtp_connection import Server, SmtpConnection
from services.transports.smtp_envelope import offer
from tests.services.transports.conftest import MESSAGE

NOW: Final = datetime(2026, 11, 24, tzinfo=UTC)
# What is written again may be longer: 1e9 becomes 1000000000.0.
SURELY_SMALL: Final = 32_768
PROVIDERS: Final = ("microsoft", "google", "amazon", "other")
CASES: Final = tuple(
    Case(attempts=attempts, repeats=repeats, short=short, alone=alone)
    for attempts, repeats, short, alone in itertools.product((1, 50), (0, 1), (False, True), (False, True))
)
STATES: Final = frozenset({"accepted", "queued", "deferred", "unknown", "refused", "held"})
ACCEPTING: Final = frozenset({Phase.DOT, Phase.WRITE, Phase.POST})


def event(raw: bytes) -> None:
    """An event that means the same when it is sent on, or what is wrong with which member."""
    try:
        arrived = decode(raw, now=NOW)
    except InvalidEvent as error:
        refused(error)
        return
    if len(raw) <= SURELY_SMALL:
        again = decode(encode(arrived))
        assert (again, dict(again.extra)) == (arrived, dict(arrived.extra))


def refused(error: InvalidEvent) -> None:
    assert error.member
    assert len(error.value) <= 80
    storable(str(error))
    storable(error.session_id or "")


def detection(text: str, language: str | None = None) -> None:
    """Findings that are parts of the text."""
    for finding in detect(text, language, load_lexicon()):
        assert 0 <= finding.start < finding.end <= len(text)
        assert finding.phrase == text[finding.start : finding.end]


def answer(given: ServerReply, provider: str) -> None:
    """A class, a scope and a next state; success only where a server can take a mail."""
    reply_class = classify(given, provider)
    assert (reply_class.kind is ReplyKind.ACCEPTED) <= (given.phase in ACCEPTING and given.code is not None)
    storable(given.kept)
    for case in CASES:
        step = next_transition(reply_class, given.phase, case, Times())
        assert step.state in STATES
        assert 0 <= step.delay <= 2 * 86_400
        assert (step.state == "accepted") == (reply_class.kind is ReplyKind.ACCEPTED)


SERVER: Final = Server("localhost", 25, "none", tls_context(None, "SMTP_CA_FILE"), 1.0, 1.0, 1.0)
MECHANISMS: Final = ("PLAIN", "LOGIN", "CRAM-MD5", "XOAUTH2")
SECRET: Final = SecretStr("sesame")


def conversation(raw: bytes, mechanism: str = "auto") -> None:
    """A whole conversation with a server that says just this, whatever it is asked, and then hangs up."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        theirs.sendall(raw[: 1 << 16])
        theirs.shutdown(socket.SHUT_WR)
        talk = SmtpConnection(SERVER)
        talk.budget, talk.sock = Budget(1.0), ours
        for answered in answers(talk, mechanism):
            for provider in PROVIDERS:
                answer(answered, provider)


def answers(talk: SmtpConnection, mechanism: str) -> list[ServerReply]:
    found: dict[str, ServerReply] = {}
    envelope = Envelope("sender@example.com", ("reader@example.com", "خالد@example.com"))
    with suppress(OSError):
        try:
            talk.introduce()
            log_in(talk, Credentials("user", lambda: SECRET, mechanism))
            if taken := offer(talk, envelope, len(MESSAGE), found):
                found["body"] = talk.transfer(MESSAGE, taken, lambda _: None)
        except ConversationEnded as stop:
            found["stopped"] = stop.answer
    return list(found.values())


def contacts(path: Path) -> None:
    """A book of contacts, or an error that names the file, the place, the value and what would be right."""
    try:
        book = load_contacts.__wrapped__(path)
    except ConfigurationError as error:
        assert_told(error, path)
    else:
        assert isinstance(book, ContactBook)
        assert any(contact.emergency for contact in book.contacts)
        storable(book.version)


def policy(path: Path) -> None:
    """A policy within its limits, or an error as for contacts."""
    try:
        loaded = load_policy.__wrapped__(path)
    except ConfigurationError as error:
        assert_told(error, path)
    else:
        assert isinstance(loaded, Policy)
        assert 0 <= loaded.confidence_threshold <= 1
        assert loaded.step_limit >= 1
        storable(loaded.version)


def assert_told(error: ConfigurationError, path: Path) -> None:
    lines = str(error).splitlines()
    assert lines
    assert all(line.startswith(str(path)) for line in lines), lines
    storable(str(error))
