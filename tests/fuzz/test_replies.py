"""Whatever a mail server says: every answer has a class and a next step, and no error but ours leaves the transport."""

import socket
import threading
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rules.delivery import LocalFault, Phase, ServerReply
from services.transports.base import Transport
from tests.fuzz import checks
from tests.fuzz.profiles import few
from tests.services.transports.conftest import Make, certificates, make, send
from tests.smtp_session import shut

__all__ = ["certificates", "make"]

TEXTS = st.text(st.characters(), max_size=80)
ENHANCED = st.tuples(st.sampled_from("245"), st.integers(0, 999), st.integers(0, 999), TEXTS).map(
    lambda parts: "{}.{}.{} {}".format(*parts)
)
ANSWERS = st.builds(
    ServerReply,
    phase=st.sampled_from(Phase),
    code=st.none() | st.integers(-(10**6), 10**6) | st.integers(200, 600),
    text=TEXTS | ENHANCED,
    finding=st.none() | st.none() | st.sampled_from(LocalFault),
    retry_after=st.none() | st.floats(0, 1e6),
)
CODES = st.sampled_from(
    [
        *("220", "250", "235", "334", "354", "221", "421", "450", "451", "452", "500", "535", "550", "554"),
        *("000", "999", "2x0", "-12", " 25", "", "²²²", "1_0"),
    ]
)
LINES = st.builds(
    lambda code, mark, text, end: code.encode() + mark.encode() + text + end,
    CODES,
    st.sampled_from([" ", " ", " ", "-", "", "\0"]),
    st.sampled_from([b"ok", b"5.7.139 disabled", b"AUTH PLAIN LOGIN CRAM-MD5 XOAUTH2", b"SIZE 1", b"SMTPUTF8", b"x"])
    | st.sampled_from([b"SIZE " + b"9" * 5_000, b"AUTH=LOGIN", b"SIZE", b"test.example", b"\xff\xfe\0"])
    | st.binary(max_size=40),
    st.sampled_from([b"\r\n", b"\r\n", b"\r\n", b"\n", b"\r", b""]),
)
# The usual course of a conversation, so that what is drawn is said at any of its places.
USUAL = (b"250-test\r\n250-AUTH PLAIN LOGIN CRAM-MD5 XOAUTH2\r\n250 SIZE 9999\r\n", b"334 x\r\n", b"235 ok\r\n",
         b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n", b"250 taken\r\n")  # fmt: skip
SAID = st.tuples(st.integers(0, len(USUAL)), st.lists(LINES | st.sampled_from(USUAL), max_size=8)).map(
    lambda drawn: b"".join([*USUAL[: drawn[0]], *drawn[1]])
)


@given(ANSWERS, st.sampled_from(checks.PROVIDERS))
def test_every_answer_has_a_class_and_a_next_step(answer: ServerReply, provider: str) -> None:
    checks.answer(answer, provider)


@given(SAID | st.binary(max_size=300), st.sampled_from(["auto", *checks.MECHANISMS]))
def test_whatever_is_said_in_a_conversation_becomes_answers(raw: bytes, mechanism: str) -> None:
    checks.conversation(raw, mechanism)


class Babbler:
    """A server that says what it is told to, at once, and hangs up; over real sockets."""

    def __init__(self) -> None:
        self.says = b""
        self.listening = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        while True:
            try:
                connection, _ = self.listening.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(2)
                try:
                    connection.sendall(self.says)
                    connection.shutdown(socket.SHUT_WR)
                    while connection.recv(1 << 16):
                        continue
                except OSError:
                    continue


@pytest.fixture
def babbler() -> Iterator[Babbler]:
    server = Babbler()
    yield server
    shut(server.listening)


@pytest.fixture
def transport(babbler: Babbler, make: Make) -> Transport:
    port = babbler.listening.getsockname()[1]
    return make(smtp_port=port, smtp_use_tls=False, smtp_username="user", smtp_password="sesame")


@settings(few(0.5), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(raw=SAID.map(lambda said: b"220 test\r\n" + said))
def test_a_transport_survives_any_server(babbler: Babbler, transport: Transport, raw: bytes) -> None:
    babbler.says = raw
    answers = send(transport, "a@example.com", "b@example.com")
    transport.close()
    assert set(answers) == {"a@example.com", "b@example.com"}
    for answer in answers.values():
        checks.answer(answer, "other")
