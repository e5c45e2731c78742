"""Microsoft Graph takes the same MIME bytes; its answers are judged like those of a mail server."""

import ssl
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from rules.delivery import LocalFault, Phase, ReplyKind, classify
from services.transports.base import Transport
from tests.https_server import DISCOVERY, SEND, TENANT, TOKEN, HttpsServer, Response
from tests.services.transports.conftest import Make, only, send

MESSAGE = b"Message-ID: <1@example.com>\r\nTo: reader@example.com\r\nSubject: hello\r\n\r\nTo: nobody\r\nhello\r\n"
PATH = "/v1.0/users/support%40example.com/sendMail"


@pytest.fixture
def cloud(server_context: ssl.SSLContext) -> Iterator[HttpsServer]:
    with HttpsServer(server_context) as server:
        yield server


@pytest.fixture
def graph(cloud: HttpsServer, certificates: Path, make: Make) -> Transport:
    settings: dict[str, Any] = {
        "mail_transport": "graph",
        "graph_url": f"{cloud.url}/v1.0",
        "graph_mailbox": "support@example.com",
        "oauth_tenant": TENANT,
        "oauth_client_id": "the-application",
        "oauth_client_secret": "the-secret",
        "oauth_authority": cloud.url,
        "https_ca_file": certificates / "ca.pem",
        "smtp_reply_seconds": 0.5,
    }
    return make(**settings)


def test_the_message_is_posted_as_it_is(graph: Transport, cloud: HttpsServer) -> None:
    answer = only(send(graph, message=MESSAGE))
    assert (answer.phase, answer.code, classify(answer).kind) == (Phase.POST, 202, ReplyKind.ACCEPTED)
    [asked] = cloud.asked(SEND)
    assert asked.path == PATH
    assert asked.headers["Content-Type"] == "text/plain"
    assert asked.headers["Authorization"] == "Bearer token-1"
    assert sorted(asked.message.splitlines()) == sorted(MESSAGE.splitlines())


def test_only_those_who_are_due_are_named(graph: Transport, cloud: HttpsServer) -> None:
    headers = b"To: old@example.com,\r\n other@example.com\r\ncc: third@example.com\r\nBCC: x@example.com\r\n"
    send(graph, "new@example.com", "newer@example.com", message=headers + MESSAGE)
    [asked] = cloud.asked(SEND)
    head, _, body = asked.message.partition(b"\r\n\r\n")
    assert head.split(b"\r\n")[:2] == [b"To: new@example.com,", b" newer@example.com"]
    assert b"old@" not in head
    assert b"cc:" not in head.lower()
    assert b"Subject: hello" in head
    assert body == b"To: nobody\r\nhello\r\n"


@pytest.mark.parametrize(
    ("response", "kind"),
    [
        (Response(429, headers={"Retry-After": "7"}), ReplyKind.THROTTLED),
        (Response(503), ReplyKind.TRANSIENT),
        (Response(504), ReplyKind.UNKNOWN),
        (Response(drop=True), ReplyKind.UNKNOWN),
        (Response(hang=True), ReplyKind.UNKNOWN),
        (
            Response(403, {"error": {"code": "ErrorAccessDenied", "message": "Access is denied."}}),
            ReplyKind.CONFIGURATION,
        ),
        (Response(403, {"error": {"code": "ErrorSendAsDenied", "message": "no"}}), ReplyKind.CONFIGURATION),
        (Response(400, {"error": {"code": "ErrorInvalidRecipients", "message": "no"}}), ReplyKind.PERMANENT),
    ],
)
def test_an_answer_is_judged(graph: Transport, cloud: HttpsServer, response: Response, kind: ReplyKind) -> None:
    cloud.on(SEND, response)
    answer = only(send(graph, message=MESSAGE))
    assert (answer.phase, classify(answer, "microsoft").kind) == (Phase.POST, kind)


def test_an_end_in_the_handshake_is_harmless_and_no_fault_of_a_certificate(
    graph: Transport, cloud: HttpsServer
) -> None:
    assert graph.probe() is None
    cloud.break_handshakes()
    answer = only(send(graph, message=MESSAGE))
    reply_class = classify(answer, "microsoft")
    assert (answer.phase, answer.finding, reply_class.kind) == (Phase.CONNECT, None, ReplyKind.TRANSIENT)
    assert cloud.asked(SEND) == []


@pytest.mark.parametrize(
    "damage",
    [
        b"\x17\x03\x03\x00\x20" + b"x" * 32,  # a record of TLS that does not decrypt
        b"no TLS at all",
        b"",
    ],
)
def test_whatever_happens_after_the_request_is_unknown(graph: Transport, cloud: HttpsServer, damage: bytes) -> None:
    assert graph.probe() is None
    cloud.on(SEND, Response(202, raw=damage))
    answer = only(send(graph, message=MESSAGE))
    assert (answer.phase, answer.finding, classify(answer, "microsoft").kind) == (Phase.POST, None, ReplyKind.UNKNOWN)
    assert len(cloud.asked(SEND)) == 1


def test_an_acceptance_with_a_damaged_body_is_an_acceptance(graph: Transport, cloud: HttpsServer) -> None:
    cloud.on(SEND, Response(202, {"x": "y"}, headers={"Content-Encoding": "gzip"}))
    assert classify(only(send(graph, message=MESSAGE))).kind is ReplyKind.ACCEPTED


@pytest.mark.parametrize("part", [DISCOVERY, TOKEN])
def test_a_throttled_login_pauses(graph: Transport, cloud: HttpsServer, part: str) -> None:
    cloud.on(part, Response(429, {"error": "temporarily_unavailable"}, headers={"Retry-After": "9"}))
    answer = only(send(graph, message=MESSAGE))
    assert (answer.phase, classify(answer, "microsoft").kind) == (Phase.TOKEN, ReplyKind.THROTTLED)
    assert answer.retry_after == 9
    assert only(send(graph, message=MESSAGE)).code == 202


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7.0), ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0), ("soon", None), ("", None)],
)
def test_retry_after_is_understood(graph: Transport, cloud: HttpsServer, header: str, seconds: float | None) -> None:
    cloud.on(SEND, Response(429, headers={"Retry-After": header}))
    assert only(send(graph, message=MESSAGE)).retry_after == seconds


EXPIRED = Response(401, {"error": {"code": "InvalidAuthenticationToken", "message": "expired"}})


def test_a_withdrawn_token_is_replaced_at_once(graph: Transport, cloud: HttpsServer) -> None:
    assert only(send(graph, message=MESSAGE)).code == 202
    cloud.on(SEND, EXPIRED)
    assert only(send(graph, message=MESSAGE)).code == 202
    tokens = [request.headers["Authorization"] for request in cloud.asked(SEND)]
    assert tokens == ["Bearer token-1", "Bearer token-1", "Bearer token-2"]


def test_a_new_token_that_is_refused_too_is_a_wrong_setting(graph: Transport, cloud: HttpsServer) -> None:
    cloud.on(SEND, EXPIRED, EXPIRED)
    assert classify(only(send(graph, message=MESSAGE))).kind is ReplyKind.CONFIGURATION
    assert len(cloud.asked(SEND)) == 2
    assert graph.probe() is None
    assert only(send(graph, message=MESSAGE)).code == 202


def test_a_withdrawn_token_without_a_new_one_is_a_wrong_setting(graph: Transport, cloud: HttpsServer) -> None:
    assert graph.probe() is None
    cloud.on(SEND, EXPIRED)
    cloud.on(TOKEN, Response(401, {"error": "invalid_client", "error_description": "AADSTS7000222: expired"}))
    answer = only(send(graph, message=MESSAGE))
    assert (answer.phase, classify(answer).kind) == (Phase.TOKEN, ReplyKind.CONFIGURATION)


def test_the_caller_hears_of_the_body_before_it_begins(graph: Transport, cloud: HttpsServer) -> None:
    told: list[tuple[Sequence[str], int]] = []
    send(graph, message=MESSAGE, begin_body=lambda addresses: told.append((addresses, len(cloud.asked(SEND)))))
    assert told == [(("reader@example.com",), 0)]


def test_a_probe_sends_nothing(graph: Transport, cloud: HttpsServer) -> None:
    assert graph.probe() is None
    cloud.on("token", Response(401, {"error": "invalid_client", "error_description": "AADSTS7000222: expired"}))
    answer = graph.probe()
    assert answer
    assert (answer.phase, classify(answer).kind) == (Phase.TOKEN, ReplyKind.CONFIGURATION)
    assert cloud.asked(SEND) == []


def test_nobody_listening_is_harmless(make: Make, graph: Transport, cloud: HttpsServer) -> None:
    assert graph.probe() is None
    cloud.__exit__()
    answer = only(send(graph, message=MESSAGE))
    assert (answer.phase, classify(answer).kind) == (Phase.CONNECT, ReplyKind.TRANSIENT)


def test_a_wrong_certificate_is_a_wrong_setting(make: Make, cloud: HttpsServer) -> None:
    transport = make(
        mail_transport="graph", graph_url=f"{cloud.url}/v1.0", graph_mailbox="support@example.com",
        oauth_tenant=TENANT, oauth_client_id="a", oauth_client_secret="b", oauth_authority=cloud.url,
    )  # fmt: skip
    assert only(send(transport, message=MESSAGE)).finding is LocalFault.CERTIFICATE
