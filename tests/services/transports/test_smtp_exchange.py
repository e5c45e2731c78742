"""A message's conversation with a server, line by line, without a server."""

import pytest

from rules.delivery import Phase, ServerReply
from services.transports.base import ExchangeState
from services.transports.smtp_exchange import EnvelopeCommands, ReplyReader, SmtpExchange

A, B = "a@example.com", "b@example.com"
COMMANDS = EnvelopeCommands(b"MAIL FROM:<s@example.com>", {A: f"RCPT TO:<{A}>".encode(), B: f"RCPT TO:<{B}>".encode()})


def offered(*, pipelining: bool, reset: bool = False) -> SmtpExchange:
    exchange = SmtpExchange(COMMANDS, {}, reset=reset)
    exchange.start(pipelining=pipelining)
    return exchange


def take_all(exchange: SmtpExchange, *codes: int) -> list[bytes]:
    return [exchange.take(code, "text") for code in codes]


def test_without_pipelining_each_command_waits_for_the_reply_before() -> None:
    exchange = SmtpExchange(COMMANDS, {}, reset=True)
    sent = [exchange.start(pipelining=False), *take_all(exchange, 250, 250, 250, 250)]
    assert [line.split()[0] for line in sent] == [b"RSET", b"MAIL", b"RCPT", b"RCPT", b"DATA"]
    assert exchange.take(354, "go") == b""
    assert (exchange.state, exchange.taken) == (ExchangeState.READY, [A, B])


def test_with_pipelining_everything_up_to_data_goes_at_once() -> None:
    exchange = SmtpExchange(COMMANDS, {}, reset=True)
    lines = exchange.start(pipelining=True).splitlines()
    assert [line.split()[0] for line in lines] == [b"RSET", b"MAIL", b"RCPT", b"RCPT", b"DATA"]
    assert take_all(exchange, 250, 250, 250, 250, 354) == [b""] * 5
    assert exchange.state is ExchangeState.READY


def test_the_reply_after_the_dot_is_everybody_s() -> None:
    exchange = offered(pipelining=True)
    take_all(exchange, 250, 250, 550, 354)
    assert exchange.body(b"text\r\n") == b"text\r\n.\r\n"
    exchange.body_is_out()
    exchange.take(250, "2.0.0 taken")
    assert exchange.answers == {A: ServerReply(Phase.DOT, 250, "2.0.0 taken"), B: ServerReply(Phase.RCPT, 550, "text")}
    assert exchange.reusable


def test_data_that_is_taken_for_nobody_gets_the_final_dot_alone() -> None:
    exchange = offered(pipelining=True)
    *_, dot = take_all(exchange, 250, 550, 551, 354)
    assert dot == b".\r\n"
    assert exchange.take(554, "no valid recipients") == b""
    assert {address: answer.code for address, answer in exchange.answers.items()} == {A: 550, B: 551}
    assert (exchange.state, exchange.reusable) == (ExchangeState.FINISHED, True)


@pytest.mark.parametrize("pipelining", [True, False])
def test_a_refused_sender_is_the_answer_for_all(pipelining: bool) -> None:
    exchange = offered(pipelining=pipelining)
    take_all(exchange, *([550, 503, 503, 503] if pipelining else [550]))
    assert exchange.state is ExchangeState.FINISHED
    assert exchange.answers == dict.fromkeys([A, B], ServerReply(Phase.MAIL, 550, "text"))


def test_a_goodbye_at_rset_says_nothing_about_the_message() -> None:
    exchange = offered(pipelining=True, reset=True)
    exchange.take(421, "idle for too long")
    assert (exchange.stale, exchange.reusable) == (True, False)


def test_a_goodbye_at_a_recipient_means_that_nobody_has_it() -> None:
    exchange = offered(pipelining=False)
    take_all(exchange, 250, 250, 421)
    assert {answer.code for answer in exchange.answers.values()} == {421}
    assert (exchange.stale, exchange.reusable) == (False, False)


def test_a_connection_that_is_lost_before_the_dot_is_out_was_lost_in_the_body() -> None:
    exchange = offered(pipelining=True)
    take_all(exchange, 250, 250, 250, 354)
    exchange.body(b"text\r\n")
    phases = [exchange.phase]
    exchange.body_is_out()
    assert [*phases, exchange.phase] == [Phase.BODY, Phase.DOT]


def test_a_reply_of_several_lines_comes_in_any_pieces() -> None:
    whole = b"250-2.1.5 one\r\n250-two\r\n250 three\r\n354 go\r\n"
    for cut in range(len(whole)):
        reader = ReplyReader()
        assert reader.feed(whole[:cut]) + reader.feed(whole[cut:]) == [(250, "2.1.5 one\ntwo\nthree"), (354, "go")]


def test_what_is_no_reply_has_no_code() -> None:
    assert ReplyReader().feed(b"HTTP/1.1 400 Bad Request\r\n")[0][0] is None
    assert ReplyReader().feed(b"x" * 70_000)[0][0] is None
