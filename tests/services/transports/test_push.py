"""Push messages to real HTTP servers: what they get, and what their answers mean."""

import json
from collections.abc import Iterator

import pytest

from rules.delivery import ReplyKind
from services.transports.push import send_push
from tests.push_service import PushService, push_service


@pytest.fixture
def service() -> Iterator[PushService]:
    with push_service() as running:
        yield running


@pytest.mark.parametrize("kind", ["ntfy", "slack", "json"])
def test_the_service_gets_title_body_and_link(service: PushService, kind: str) -> None:
    reply, reply_class = send_push(getattr(service, kind), "URGENT · AB-1", "Nobody has it.\nhttps://example.com/t/x")

    assert (reply.code, reply_class.kind) == (200, ReplyKind.ACCEPTED)
    (pushed,) = service.pushed
    said = json.dumps(json.loads(pushed.body), ensure_ascii=False)
    assert all(words in said for words in ("URGENT · AB-1", "https://example.com/t/x"))


@pytest.mark.parametrize("kind", ["ntfy", "slack", "json"])
@pytest.mark.parametrize("status", [401, 429, 500])
def test_a_refusal_is_tried_again_and_its_words_hold_no_secret(service: PushService, kind: str, status: int) -> None:
    service.answers = [(status, "no")]
    reply, reply_class = send_push(getattr(service, kind), "t", "b")

    assert reply_class.kind is ReplyKind.TRANSIENT
    assert reply.text
    assert "secret" not in reply.text


def test_a_service_that_is_away_is_tried_again() -> None:
    with push_service() as service:
        url = service.json
    reply, reply_class = send_push(url, "t", "b")
    assert reply_class.kind is ReplyKind.TRANSIENT
    assert "secret" not in reply.text


def test_an_answer_that_stays_away_for_four_seconds_is_a_no(service: PushService) -> None:
    service.gate.clear()
    _, reply_class = send_push(f"{service.json}?rto=0.5", "t", "b")
    assert reply_class.kind is ReplyKind.TRANSIENT
    assert len(service.pushed) == 1


@pytest.mark.parametrize("url", ["nonsense://somewhere", "slack://x"])
def test_an_address_that_apprise_does_not_know_is_refused_for_good(url: str) -> None:
    reply, reply_class = send_push(url, "t", "b")
    assert reply_class.kind is ReplyKind.PERMANENT
    assert "apprise" in reply.text
