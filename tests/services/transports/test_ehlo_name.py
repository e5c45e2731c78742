"""The name that we introduce ourselves with: many servers refuse one without a dot."""

import re
import socket

import pytest
from pydantic import ValidationError

from rules.delivery import Phase, ReplyKind, classify
from services.transports import smtp_connection
from tests.services.transports.conftest import Make, only, send, settings
from tests.smtp_server import SmtpServer
from tests.smtp_session import Session


def asking_for_a_name(session: Session) -> str | None:
    """As smtp-relay.gmail.com and a strict Postfix."""
    full = re.fullmatch(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+|\[127\.0\.0\.1\]", session.argument)
    return None if full else f"504 5.5.2 <{session.argument}>: Helo command rejected: need fully-qualified hostname"


@pytest.fixture
def no_cache() -> None:
    smtp_connection._find_host_name.cache_clear()


@pytest.mark.parametrize("host", ["e3b0c44298fc", "localhost.localdomain", "mail_1.example.com", "10.0.0.7"])
def test_a_container_s_name_is_replaced_by_the_address(
    make: Make, no_cache: None, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: host)
    with SmtpServer() as server:
        server.on_every("ehlo", asking_for_a_name)
        assert only(send(make(server))).code == 250
        assert server.names == ["[127.0.0.1]"]


def test_the_name_that_is_set_is_used(make: Make) -> None:
    with SmtpServer() as server:
        assert only(send(make(server, smtp_ehlo_name="worker.example.com"))).code == 250
        assert server.names == ["worker.example.com"]


def test_a_refused_name_is_a_wrong_setting_with_its_remedy(make: Make) -> None:
    with SmtpServer() as server:
        server.on_every("ehlo", "504 5.5.2 <x>: Helo command rejected: need fully-qualified hostname")
        answer = only(send(make(server)))
    reply_class = classify(answer)
    assert (answer.phase, reply_class.kind) == (Phase.EHLO, ReplyKind.CONFIGURATION)
    assert "SMTP_EHLO_NAME" in (reply_class.remedy or "")


@pytest.mark.parametrize("name", ["worker", "worker example.com", "a.example.com\r\nRSET", "192.0.2.1]"])
def test_what_is_no_full_name_is_named(name: str) -> None:
    with pytest.raises(ValidationError, match="should be a full host name"):
        settings(smtp_ehlo_name=name)
