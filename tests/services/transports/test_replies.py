"""Every reply of the providers' tables, said by a server: it is heard where it is said, and judged as it should be."""

import ssl
from collections.abc import Iterator

import pytest

from rules.delivery import Phase, ReplyKind, ReplyScope, classify
from tests.rules.delivery.replies import REPLIES
from tests.services.transports.conftest import Make, only, send
from tests.smtp_server import SmtpServer

STEPS = {Phase.GREETING: "connect"}
LOGIN = {"smtp_username": "user", "smtp_password": "sesame"}


@pytest.fixture(scope="module")
def server(server_context: ssl.SSLContext) -> Iterator[SmtpServer]:
    with SmtpServer(tls="starttls", context=server_context, users={"user": "sesame"}) as running:
        yield running


@pytest.mark.parametrize(("phase", "code", "text", "provider", "meaning", "hint"), REPLIES)
def test_a_reply_is_heard_where_it_is_said(
    server: SmtpServer, make: Make, phase: Phase, code: int, text: str, provider: str,
    meaning: tuple[ReplyKind, ReplyScope], hint: str,
) -> None:  # fmt: skip
    taken = len(server.messages)
    server.on(STEPS.get(phase, phase.value), f"{code:03} {text}")

    answer = only(send(make(server, **LOGIN)))

    assert (answer.phase, answer.code, answer.text) == (phase, code, text)
    reply_class = classify(answer, provider)
    assert (reply_class.kind, reply_class.scope) == meaning
    assert hint in (reply_class.remedy or "")
    assert len(server.messages) == taken


def test_a_reply_of_several_lines_is_judged_as_one(server: SmtpServer, make: Make) -> None:
    said = "Username and Password not accepted. For more information, go to"
    server.on("auth", f"535-5.7.8 {said}\r\n535 5.7.8  https://support.example.com/ - gsmtp")
    answer = only(send(make(server, **LOGIN)))
    assert (answer.code, answer.enhanced) == (535, "5.7.8")
    assert "app password" in (classify(answer, "google").remedy or "")
