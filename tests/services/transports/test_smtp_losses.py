"""Where an SMTP connection ends, and where silence sets in."""

from collections.abc import Callable

import pytest

from rules.delivery import Phase
from tests.services.transports.conftest import IMPATIENT, Make, only, send
from tests.smtp_server import SmtpServer
from tests.smtp_session import Reply, drop, hang

Serve = Callable[..., SmtpServer]


@pytest.mark.parametrize("act", [drop, hang])
@pytest.mark.parametrize(
    ("step", "phase"),
    [
        ("connect", Phase.GREETING),
        ("ehlo", Phase.EHLO),
        ("starttls", Phase.STARTTLS),
        ("tls", Phase.STARTTLS),
        ("auth", Phase.AUTH),
        ("mail", Phase.MAIL),
        ("rcpt", Phase.RCPT),
        ("data", Phase.DATA),
        ("dot", Phase.DOT),
    ],
)
def test_the_phase_of_a_lost_connection_is_known(serve: Serve, make: Make, step: str, phase: Phase, act: Reply) -> None:
    server = serve(tls="starttls", users={"user": "sesame"})
    server.on_every(step, act)
    answer = only(send(make(server, smtp_username="user", smtp_password="sesame", **IMPATIENT)))
    assert (answer.phase, answer.code, answer.finding, answer.lost) == (phase, None, None, True)
    assert server.messages == []


def test_a_refused_connection_is_tried_again_within_seconds(serve: Serve, make: Make) -> None:
    server = serve()
    server.on("connect", drop, drop)
    assert only(send(make(server))).code == 250
    assert server.connections == 3


def test_nobody_listening_is_an_answer(serve: Serve, make: Make) -> None:
    server = serve()
    transport = make(server)
    server.__exit__()
    answer = only(send(transport))
    assert (answer.phase, answer.lost) == (Phase.CONNECT, True)
    assert "refused" in answer.text


def test_a_host_that_is_not_known_is_an_answer(make: Make) -> None:
    answer = only(send(make(smtp_server="no-such-host.invalid")))
    assert (answer.phase, answer.lost) == (Phase.CONNECT, True)


def test_a_greeting_that_refuses_is_an_answer(serve: Serve, make: Make) -> None:
    server = serve()
    server.on("connect", "554 5.3.2 go away")
    answer = only(send(make(server)))
    assert (answer.phase, answer.code, answer.enhanced) == (Phase.GREETING, 554, "5.3.2")


def test_the_whole_message_has_a_longest_time(serve: Serve, make: Make) -> None:
    server = serve()
    server.on("dot", hang)
    transport = make(server, smtp_reply_seconds=60, mail_message_seconds=1)
    assert only(send(transport)).phase is Phase.DOT
