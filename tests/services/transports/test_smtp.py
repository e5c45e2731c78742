"""The conversation with an SMTP server: how far it came, what was said, and what was sent."""

import time
from collections.abc import Callable, Sequence

import pytest

from config.errors import ConfigurationError
from rules.delivery import LocalFault, Phase
from services.transports.smtp import LONGEST_SECONDS, SmtpTransport
from tests.services.transports.conftest import MESSAGE, Make, only, send
from tests.smtp_server import SmtpServer
from tests.smtp_session import Reply, drop

Serve = Callable[..., SmtpServer]
PLAIN_TLS = ["none", "starttls", "ssl"]


@pytest.mark.parametrize("tls", PLAIN_TLS)
def test_a_message_arrives_as_it_was(serve: Serve, make: Make, tls: str) -> None:
    server = serve(tls=tls)
    answer = only(send(make(server)))
    assert (answer.phase, answer.code, answer.text) == (Phase.DOT, 250, "2.0.0 taken")
    [message] = server.messages
    assert (message.sender, message.recipients, message.data) == (
        "sender@example.com", ("reader@example.com",), MESSAGE,
    )  # fmt: skip


@pytest.mark.parametrize("tls", PLAIN_TLS)
@pytest.mark.parametrize("mechanisms", ["PLAIN LOGIN", "LOGIN", "LOGIN XOAUTH2"])
def test_one_login_with_the_first_mechanism_that_fits(serve: Serve, make: Make, tls: str, mechanisms: str) -> None:
    server = serve(tls=tls, users={"us\u00e9r": "s\u00e9same"}, mechanisms=mechanisms)
    transport = make(server, smtp_username="us\u00e9r", smtp_password="s\u00e9same")
    assert only(send(transport)).code == 250
    assert only(send(transport)).code == 250
    assert server.count("auth") == 1
    assert server.messages[0].user == "us\u00e9r"


def test_a_refused_login_is_not_tried_in_another_way(serve: Serve, make: Make) -> None:
    server = serve(tls="starttls", users={"user": "right"})
    answer = only(send(make(server, smtp_username="user", smtp_password="wrong")))
    assert (answer.phase, answer.code, answer.enhanced) == (Phase.AUTH, 535, "5.7.8")
    assert server.count("auth") == 1


def test_after_a_refused_login_the_connection_is_not_used_again(serve: Serve, make: Make) -> None:
    server = serve(users={"user": "sesame"})
    server.on("auth", "454 4.7.0 not now")
    transport = make(server, smtp_username="user", smtp_password="sesame")
    assert only(send(transport)).code == 454
    assert only(send(transport)).code == 250
    assert server.connections == 2


def test_no_mechanism_that_fits_is_named(serve: Serve, make: Make) -> None:
    server = serve(users={"user": "sesame"}, mechanisms="GSSAPI NTLM")
    answer = only(send(make(server, smtp_username="user", smtp_password="sesame")))
    assert answer.finding is LocalFault.NO_AUTH
    assert "GSSAPI NTLM" in answer.text


def test_a_login_without_its_password_is_a_wrong_setting(serve: Serve, make: Make) -> None:
    with pytest.raises(ConfigurationError, match="SMTP_PASSWORD: missing"):
        make(serve(), smtp_username="user")


def test_a_server_without_starttls_gets_no_mail_in_plain_text(serve: Serve, make: Make) -> None:
    server = serve(tls="none", users={"user": "sesame"})
    transport = make(server, smtp_use_tls=True, smtp_username="user", smtp_password="sesame")
    assert only(send(transport)).finding is LocalFault.NO_STARTTLS
    assert (server.count("auth"), server.count("mail")) == (0, 0)


@pytest.mark.parametrize("tls", ["starttls", "ssl"])
def test_a_certificate_of_an_unknown_authority_is_refused(serve: Serve, make: Make, tls: str) -> None:
    server = serve(tls=tls, users={"user": "sesame"})
    answer = only(send(make(server, smtp_ca_file=None, smtp_username="user", smtp_password="sesame")))
    assert (answer.phase, answer.finding) == (Phase.STARTTLS, LocalFault.CERTIFICATE)
    assert server.count("auth") == 0


def test_a_certificate_for_another_name_is_refused(serve: Serve, make: Make) -> None:
    server = serve(tls="starttls", host="127.0.0.2")
    answer = only(send(make(server, smtp_server="127.0.0.2")))
    assert (answer.phase, answer.finding) == (Phase.STARTTLS, LocalFault.CERTIFICATE)
    assert "127.0.0.2" in answer.text


def test_tls_to_a_plain_port_is_a_wrong_setting(serve: Serve, make: Make) -> None:
    answer = only(send(make(serve(tls="none"), smtp_use_tls=False, smtp_use_ssl=True)))
    assert (answer.phase, answer.finding) == (Phase.STARTTLS, LocalFault.NOT_TLS)


def test_a_certificate_file_that_cannot_be_read_is_a_wrong_setting(make: Make, serve: Serve) -> None:
    with pytest.raises(ConfigurationError, match="SMTP_CA_FILE: cannot read certificates from /nowhere"):
        make(serve(), smtp_ca_file="/nowhere")


@pytest.mark.parametrize("reply", [drop, "552 5.3.4 that is too much"])
def test_a_body_that_breaks_off_is_known_to_be_one(serve: Serve, make: Make, reply: Reply) -> None:
    server = serve()
    server.on("body", reply)
    answer = only(send(make(server), message=MESSAGE + b"much\r\n" * 5_000_000))
    assert answer.phase is Phase.BODY
    assert server.messages == []


def test_thirty_megabytes_arrive_whole(serve: Serve, make: Make) -> None:
    message = MESSAGE + (b"0123456789" * 7 + b"\r\n") * 440_000
    server = serve()
    assert only(send(make(server, smtp_reply_seconds=60), message=message)).code == 250
    assert server.messages[0].data == message


@pytest.mark.parametrize(
    ("body", "arrives"),
    [
        (b".\r\n", b".\r\n"),
        (b"a\r\n.\r\n..\r\n.b\r\n", b"a\r\n.\r\n..\r\n.b\r\n"),
        (b"smuggled\n.\nMAIL FROM:<x@example.com>\r\n", b"smuggled\r\n.\r\nMAIL FROM:<x@example.com>\r\n"),
        (b"smuggled\r.\rMAIL", b"smuggled\r\n.\r\nMAIL\r\n"),
        (b"no line end", b"no line end\r\n"),
    ],
)
def test_nothing_in_a_body_ends_it(serve: Serve, make: Make, body: bytes, arrives: bytes) -> None:
    server = serve()
    assert only(send(make(server), message=MESSAGE + body)).code == 250
    assert [message.data for message in server.messages] == [MESSAGE + arrives]


def test_the_caller_hears_of_the_body_before_it_begins(serve: Serve, make: Make) -> None:
    server = serve()
    server.on("rcpt", "250 ok", "550 5.1.1 no")
    told: list[tuple[Sequence[str], int]] = []
    send(
        make(server), "a@example.com", "b@example.com",
        begin_body=lambda addresses: told.append((addresses, server.count("dot"))),
    )  # fmt: skip
    assert told == [(["a@example.com"], 0)]


class Refused(Exception):
    pass


def test_a_caller_that_refuses_the_body_keeps_the_server_from_taking_it(serve: Serve, make: Make) -> None:
    server = serve()
    transport = make(server)

    def refuse(_: Sequence[str]) -> None:
        raise Refused

    with pytest.raises(Refused):
        send(transport, begin_body=refuse)

    assert only(send(transport)).code == 250
    assert (len(server.messages), server.connections) == (1, 2)


def test_a_connection_ends_after_a_hundred_messages(serve: Serve, make: Make) -> None:
    server = serve()
    transport = make(server)
    for _ in range(101):
        assert only(send(transport)).code == 250
    assert server.connections == 2


def test_a_connection_ends_after_five_minutes(serve: Serve, make: Make) -> None:
    server = serve()
    transport = make(server)
    assert isinstance(transport, SmtpTransport)
    send(transport)
    transport.opened -= LONGEST_SECONDS - 1
    send(transport)
    assert (server.connections, transport.is_open) == (1, True)
    transport.opened -= 1
    assert not transport.is_open
    assert only(send(transport)).code == 250
    assert (server.connections, server.count("quit")) == (2, 1)


def test_tls_has_no_delay_between_messages(serve: Serve, make: Make) -> None:
    transport = make(serve(tls="starttls"))
    send(transport)
    began = time.monotonic()
    for _ in range(50):
        send(transport)
    # Each message would wait for a delayed acknowledgement of 40 ms.
    assert time.monotonic() - began < 50 * 0.030


def test_a_probe_logs_in_and_sends_nothing(serve: Serve, make: Make) -> None:
    server = serve(users={"user": "sesame"})
    transport = make(server, smtp_username="user", smtp_password="sesame")
    assert transport.probe() is None
    server.on("auth", "535 5.7.139 disabled for the Tenant")
    answer = transport.probe()
    assert answer
    assert (answer.phase, answer.code) == (Phase.AUTH, 535)
    assert (server.count("auth"), server.count("mail"), server.connections) == (2, 0, 2)
