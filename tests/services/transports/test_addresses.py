"""Addresses in the envelope: international ones, and those that try to say more than an address."""

from collections.abc import Callable

import pytest

from rules.delivery import LocalFault, ReplyKind, classify
from services.transports.base import Envelope
from tests.services.transports.conftest import MESSAGE, Make, only, send
from tests.smtp_server import SmtpServer

Serve = Callable[..., SmtpServer]
ARABIC = "دعم@مثال.إختبار"


def test_a_domain_travels_in_idna(serve: Serve, make: Make) -> None:
    server = serve(features=())
    assert only(send(make(server), "support@bücher.example")).code == 250
    assert server.messages[0].recipients == ("support@xn--bcher-kva.example",)


def test_an_arabic_address_needs_smtputf8(serve: Serve, make: Make) -> None:
    server = serve()
    assert only(send(make(server), ARABIC)).code == 250
    [message] = server.messages
    assert message.recipients == (ARABIC,)
    assert "SMTPUTF8" in message.options


def test_without_smtputf8_only_the_address_that_needs_it_is_left_out(serve: Serve, make: Make) -> None:
    server = serve(features=("SIZE 1000000",))
    answers = send(make(server), ARABIC, "reader@example.com")
    assert answers[ARABIC].finding is LocalFault.NO_SMTPUTF8
    assert answers["reader@example.com"].code == 250
    assert server.messages[0].recipients == ("reader@example.com",)


def test_a_message_whose_headers_need_smtputf8_says_so(serve: Serve, make: Make) -> None:
    server = serve()
    send(make(server), needs_smtputf8=True)
    assert "SMTPUTF8" in server.messages[0].options
    unable = serve(features=())
    assert only(send(make(unable), needs_smtputf8=True)).finding is LocalFault.NO_SMTPUTF8
    assert unable.messages == []


@pytest.mark.parametrize(
    "address",
    [
        "x@example.com>\r\nRCPT TO:<y@example.com",
        "x@example.com\nDATA",
        "x@example.com> NOTIFY=NEVER",
        "<x@example.com>",
        "x y@example.com",
        "x@exam\0ple.com",
        "x@example.com\u202e",
        "no address",
        "",
        "x@",
        "@example.com",
    ],
)
def test_what_is_no_address_never_reaches_the_server(serve: Serve, make: Make, address: str) -> None:
    server = serve()
    answers = send(make(server), address, "reader@example.com")
    assert answers[address].finding is LocalFault.BAD_ADDRESS
    assert answers["reader@example.com"].code == 250
    assert server.count("rcpt") == 1
    assert server.messages[0].recipients == ("reader@example.com",)


def test_many_recipients_get_one_message(serve: Serve, make: Make) -> None:
    server = serve()
    recipients = [f"reader{number}@example.com" for number in range(300)]
    assert {answer.code for answer in send(make(server), *recipients).values()} == {250}
    assert server.messages[0].recipients == tuple(recipients)


def test_nobody_left_means_no_message(serve: Serve, make: Make) -> None:
    server = serve()
    server.on_every("rcpt", "550 5.1.1 no")
    transport = make(server)
    assert only(send(transport)).code == 550
    server.as_usual()
    assert only(send(transport)).code == 250
    assert (len(server.messages), server.connections, server.count("data")) == (1, 1, 1)


@pytest.mark.parametrize(
    ("sender", "spelled"),
    [
        ("apikey", "apikey"),
        ("escalation@localhost", "escalation@localhost"),
        ("support@bücher.example", "support@xn--bcher-kva.example"),
        (ARABIC, ARABIC),
    ],
)
def test_the_sender_is_spelled_as_the_server_can_read_it(serve: Serve, make: Make, sender: str, spelled: str) -> None:
    server = serve()
    assert only(make(server).send(Envelope(sender, ("reader@example.com",)), MESSAGE, lambda _: None)).code == 250
    assert server.messages[0].sender == spelled


@pytest.mark.parametrize("sender", ["x@example.com>\r\nRSET", "a b@example.com", "<>", "دعم x@example.com"])
def test_a_sender_that_is_none_is_a_wrong_setting(serve: Serve, make: Make, sender: str) -> None:
    server = serve()
    answer = only(make(server).send(Envelope(sender, ("reader@example.com",)), MESSAGE, lambda _: None))
    assert (answer.finding, classify(answer).kind) == (LocalFault.BAD_SENDER, ReplyKind.CONFIGURATION)
    assert server.count("mail") == 0


def test_an_arabic_sender_at_a_server_without_smtputf8_is_a_wrong_setting(serve: Serve, make: Make) -> None:
    answer = only(make(serve(features=())).send(Envelope(ARABIC, ("reader@example.com",)), MESSAGE, lambda _: None))
    assert answer.finding is LocalFault.BAD_SENDER
