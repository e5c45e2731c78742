"""Faults that others met between them and a mail server (docs/field-reports.md)."""

import pytest

from rules.delivery import Phase, ReplyKind, classify
from tests.services.transports.conftest import MESSAGE, Make, only, send
from tests.smtp_server import SmtpServer
from tests.smtp_session import Session, drop


def test_a_port_where_imap_answers_is_named(make: Make) -> None:
    with SmtpServer() as server:
        server.on_every("connect", "* OK [CAPABILITY IMAP4rev1 STARTTLS] Dovecot ready.")
        answer = only(send(make(server)))
    reply_class = classify(answer)
    assert (answer.phase, reply_class.kind) == (Phase.GREETING, ReplyKind.TRANSIENT)
    assert "IMAP4rev1" in answer.text
    assert "SMTP_PORT" in (reply_class.remedy or "")


@pytest.mark.parametrize("ending", ["421 4.4.2 example.com Service closing - command timeout", drop])
def test_a_connection_that_the_server_closed_meanwhile_costs_no_mail(make: Make, ending: str) -> None:
    with SmtpServer() as server:
        transport = make(server)
        assert only(send(transport)).code == 250
        server.on("rset", ending)
        assert only(send(transport)).code == 250
    assert (len(server.messages), server.connections) == (2, 2)


def test_a_goodbye_that_was_said_while_the_connection_was_idle_is_no_answer_to_the_next_mail(make: Make) -> None:
    with SmtpServer() as server:
        transport = make(server)
        assert only(send(transport)).code == 250
        for connection in list(server.open):
            connection.sendall(b"421 4.4.2 idle for too long\r\n")
        server.hang_up()
        assert only(send(transport)).code == 250
    assert len(server.messages) == 2


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\r\n"])
def test_no_bare_line_end_leaves_and_no_message_ends_early(make: Make, end: bytes) -> None:
    head, _, _ = MESSAGE.partition(b"\r\n\r\n")
    smuggled = head + b"\r\n\r\nhello" + end + b"." + end + b"MAIL FROM:<x@example.com>" + end
    with SmtpServer() as server:
        assert only(send(make(server), message=smuggled)).code == 250
    [received] = server.messages
    assert received.data.count(b"\r\n") == received.data.count(b"\n") == received.data.count(b"\r")
    assert b"MAIL FROM:<x@example.com>" in received.data


@pytest.mark.parametrize("code", ["501 5.1.3 Bad recipient address syntax", "550 5.1.1 unknown", "501 5.1.5 reserved"])
def test_one_bad_recipient_does_not_take_the_mail_from_the_others(make: Make, code: str) -> None:
    def refuse(session: Session) -> str | None:
        return code if session.argument == "bad@example.com" else None

    with SmtpServer() as server:
        server.on_every("rcpt", refuse)
        answers = send(make(server), "good@example.com", "bad@example.com", "other@example.com")
    assert {address: classify(answer).kind for address, answer in answers.items()} == {
        "good@example.com": ReplyKind.ACCEPTED,
        "bad@example.com": ReplyKind.PERMANENT,
        "other@example.com": ReplyKind.ACCEPTED,
    }


@pytest.mark.parametrize("password", ["pässwörd", "κλειδί", "pass word", 'a\\\\b"c'])
def test_any_password_logs_in(make: Make, password: str) -> None:
    for mechanism in ("PLAIN", "LOGIN"):
        with SmtpServer(users={"sender": password}, mechanisms=mechanism) as server:
            assert only(send(make(server, smtp_username="sender", smtp_password=password))).code == 250


def test_an_error_at_quit_does_not_send_the_mail_again(make: Make) -> None:
    with SmtpServer() as server:
        server.on_every("quit", "451 4.3.0 try again")
        transport = make(server)
        assert only(send(transport)).code == 250
        transport.close()
    assert len(server.messages) == 1
